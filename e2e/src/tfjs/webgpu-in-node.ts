/** WebGPU in Node: Dawn, out of the npm package `webgpu`, put where tfjs looks for it, as browsers have it. */
import { importInstalled } from '../import-installed.ts';

/** Whether this process has WebGPU, as browsers have it. */
const hasWebGpu = (): boolean => 'navigator' in globalThis && 'gpu' in globalThis.navigator;

/**
 * Gives this process `navigator.gpu` and WebGPU's constructors, if it has none. Do it before `@tensorflow/tfjs-backend-webgpu` is
 * imported: that registers its backend, or does not, when it is loaded.
 *
 * @throws Error if the package `webgpu` is not installed, with how to get it, or if it does not load here.
 * @example
 * import { webGpuInNode } from '@node-ode/e2e/webgpu';
 *
 * await webGpuInNode();
 * const tf = await import('@tensorflow/tfjs-core');
 * await import('@tensorflow/tfjs-backend-webgpu');
 * console.log(await tf.setBackend('webgpu'));
 */
export async function webGpuInNode(): Promise<void> {
  if (hasWebGpu()) return;
  const { create, globals } = await importInstalled('webgpu', 'npm install --save-dev webgpu');
  if (typeof create !== 'function' || typeof globals !== 'object')
    throw new Error('package webgpu has no create, globals');
  Object.assign(globalThis, globals);
  // Node 20 has no navigator, later ones have one of their own.
  if (!('navigator' in globalThis)) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  Object.defineProperty(globalThis.navigator, 'gpu', { value: create([]), configurable: true });
}
