/** Kernels of our own for backends whose tensors are in this process's memory. */
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { allFinite } from './all-finite.ts';
import { conv2dKernels } from './convolution/index.ts';
import { dense } from './dense.ts';
import { errorNormKernel } from './error-norm.ts';
import { erfKernel, roundKernel } from './functions.ts';
import { integerQuotient } from './integer-division.ts';
import { scatterAddKernel } from './scatter-add.ts';
import { setRowKernel } from './set-row.ts';
import { cumsumKernel, sumKernel } from './sum.ts';
import { weightedSum } from './weighted-sum.ts';

/** They, by name. */
export const inMemoryKernels = (backendName: 'cpu' | 'wasm'): Readonly<Record<string, TfKernelConfig>> => {
  const kernels = [
    weightedSum(backendName),
    errorNormKernel(backendName),
    allFinite(backendName),
    sumKernel(backendName),
    cumsumKernel(backendName),
    scatterAddKernel(backendName),
    erfKernel(backendName),
    ...(backendName === 'wasm' ? [dense] : [roundKernel(backendName), setRowKernel, integerQuotient, ...conv2dKernels]),
  ];
  return Object.fromEntries(kernels.map((kernel) => [kernel.kernelName, kernel]));
};
