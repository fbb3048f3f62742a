/** The backends as a page has them: ONNX Runtime is its build for browsers, handed in. */
import { backends, type BackendFactory } from '../backends.ts';

const inBrowser =
  (provider: 'cpu' | 'cuda' | 'webgpu'): BackendFactory =>
  async () => {
    const [{ onnx }, runtime] = await Promise.all([import('@node-ode/backend-onnx'), import('onnxruntime-web/webgpu')]);
    return onnx({ provider, runtime });
  };

/** Every backend by the name that `--backend` takes. */
export const pageBackends: Readonly<Record<string, BackendFactory>> = {
  ...backends,
  'onnx-cpu': inBrowser('cpu'),
  'onnx-cuda': inBrowser('cuda'),
  'onnx-webgpu': inBrowser('webgpu'),
};
