// The backend conformance suite on tfjs's WebGPU backend.
import { testBackend } from '@node-ode/testkit';
import { tfWithWebGpu } from '../test/webgpu.ts';
import { tfjs } from './index.ts';

testBackend(async () => tfjs({ tf: await tfWithWebGpu(), backend: 'webgpu' }), {
  title: 'tfjs-webgpu',
  timeout: 120_000,
});
