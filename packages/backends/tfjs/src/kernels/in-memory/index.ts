/** Kernels of our own for backends whose tensors are in this process's memory. */
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { allFiniteKernel } from './all-finite.ts';
import { conv2dKernels } from './convolution/index.ts';
import { dense } from './dense.ts';
import { errorNormKernel } from './error-norm.ts';
import { erfKernel, roundKernel } from './functions.ts';
import { integerQuotient } from './integer-division.ts';
import { pairwiseKernel } from './pairwise.ts';
import { scatterAddKernel } from './scatter-add.ts';
import { setRowKernel } from './set-row.ts';
import { stridedKernel } from './strided.ts';
import { cumsumKernel, sumKernel } from './sum.ts';
import { weightedSum } from './weighted-sum.ts';

/** Where tfjs's own are loops in JavaScript, too. */
const onArrays: readonly TfKernelConfig[] = [
  roundKernel('cpu'),
  integerQuotient,
  pairwiseKernel,
  stridedKernel,
  ...conv2dKernels,
];

/** They, by name. */
export const inMemoryKernels = (backendName: 'cpu' | 'wasm'): Readonly<Record<string, TfKernelConfig>> => {
  const kernels = [
    weightedSum(backendName),
    errorNormKernel(backendName),
    allFiniteKernel(backendName),
    sumKernel(backendName),
    cumsumKernel(backendName),
    scatterAddKernel(backendName),
    setRowKernel(backendName),
    erfKernel(backendName),
    ...(backendName === 'wasm' ? [dense] : onArrays),
  ];
  return Object.fromEntries(kernels.map((kernel) => [kernel.kernelName, kernel]));
};
