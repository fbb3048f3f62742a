/** The engine on backends of tfjs, as the runner opens them. */
import type { TfjsBackend } from '@node-ode/backend-tfjs';

/** Makes the engine on a backend of tfjs, once its package has registered it. */
export async function openTfjs(
  backend: 'cpu' | 'wasm' | 'webgpu',
  register: () => Promise<unknown>,
): Promise<TfjsBackend> {
  const [{ tfjs }, tf] = await Promise.all([import('@node-ode/backend-tfjs'), import('@tensorflow/tfjs-core')]);
  await register();
  return tfjs({ tf, backend });
}

export const tfjsCpu = (): Promise<TfjsBackend> => openTfjs('cpu', () => import('@tensorflow/tfjs-backend-cpu'));

export const tfjsWasm = (): Promise<TfjsBackend> => openTfjs('wasm', () => import('@tensorflow/tfjs-backend-wasm'));

/** On Dawn, out of the package `webgpu`, where there is no WebGPU. */
export const tfjsWebGpu = (): Promise<TfjsBackend> =>
  openTfjs('webgpu', async () => {
    const { webGpuInNode } = await import('./webgpu-in-node.ts');
    await webGpuInNode();
    await import('@tensorflow/tfjs-backend-webgpu');
  });
