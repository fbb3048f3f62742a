/** The backends as a page has them: ONNX Runtime is its build for browsers, handed in, and tfjs is told where its binary is. */
import { backends, type BackendFactory } from '../backends.ts';
import { openTfjs } from '../tfjs/open.ts';
import { tfjsWasmFolder } from './served-paths.ts';

/** The build with WebGPU has no doubles on its CPU, so each provider has the build that is for it. */
const inBrowser =
  (provider: 'cpu' | 'cuda' | 'webgpu'): BackendFactory =>
  async () => {
    const [{ onnx }, runtime] = await Promise.all([
      import('@node-ode/backend-onnx'),
      provider === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web'),
    ]);
    return onnx({ provider, runtime });
  };

const tfjsWasm: BackendFactory = () =>
  openTfjs('wasm', async () => {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(tfjsWasmFolder);
  });

const tfjsWebGpu: BackendFactory = () =>
  openTfjs('webgpu', async () => {
    if (!('gpu' in navigator)) throw new Error('this browser has no WebGPU');
    await import('@tensorflow/tfjs-backend-webgpu');
  });

/** Every backend by the name that `--backend` takes. */
export const pageBackends: Readonly<Record<string, BackendFactory>> = {
  ...backends,
  'onnx-cpu': inBrowser('cpu'),
  'onnx-cuda': inBrowser('cuda'),
  'onnx-webgpu': inBrowser('webgpu'),
  'tfjs-wasm': tfjsWasm,
  'tfjs-webgpu': tfjsWebGpu,
};
