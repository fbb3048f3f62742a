// The backend conformance suite on the webgpu provider.
import { testBackend } from '@node-ode/testkit';
import { onnx } from './onnx.ts';

testBackend(() => onnx({ provider: 'webgpu' }), { title: 'onnx-webgpu', timeout: 120_000 });
