/** The backends as a page has them: ONNX Runtime is its build for browsers, handed in. */
import { onnx, type OnnxOptions } from '@node-ode/backend-onnx';
import { backends, type BackendFactory } from '../backends.ts';

const inBrowser =
  (provider: NonNullable<OnnxOptions['provider']>): BackendFactory =>
  async () =>
    onnx({ provider, runtime: await import('onnxruntime-web/webgpu') });

/** Every backend by the name that `--backend` takes. */
export const pageBackends: Readonly<Record<string, BackendFactory>> = {
  ...backends,
  'onnx-cpu': inBrowser('cpu'),
  'onnx-cuda': inBrowser('cuda'),
  'onnx-webgpu': inBrowser('webgpu'),
};
