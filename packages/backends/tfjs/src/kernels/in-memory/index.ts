/** Kernels of our own for backends whose tensors are in this process's memory. */
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { errorNormKernel } from './error-norm.ts';
import { weightedSum } from './weighted-sum.ts';

/** They, by name. */
export const inMemoryKernels = (backendName: string): Readonly<Record<string, TfKernelConfig>> =>
  Object.fromEntries([weightedSum, errorNormKernel].map((make) => [make(backendName).kernelName, make(backendName)]));
