/** Kernels of our own: where a backend of tfjs lacks one, or has a wrong one. They come before tfjs's. */
import type { TfKernelConfig } from '../runtime/tf-module.ts';
import { inMemoryKernels } from './in-memory/index.ts';
import { tensorflowKernels, tensorflowRefuses } from './tensorflow/own-kernels.ts';
import { webGpuKernels } from './webgpu/program.ts';

/**
 * Kernels that the engine has itself and calls before tfjs's, by tfjs's name of the backend, then by the name of the kernel. They
 * are here for those who look at what the engine calls.
 *
 * @example
 * console.log(Object.keys(ownKernels['cpu'] ?? {}));
 */
export const ownKernels: Readonly<Record<string, Readonly<Record<string, TfKernelConfig>>>> = {
  cpu: inMemoryKernels('cpu'),
  wasm: inMemoryKernels('wasm'),
  tensorflow: tensorflowKernels,
  webgpu: webGpuKernels,
};

/** Kernels of tfjs that handles of tensors cannot be given to, by the name of the backend: as good as absent. */
export const refusedKernels: Readonly<Record<string, ReadonlySet<string>>> = { tensorflow: tensorflowRefuses };
