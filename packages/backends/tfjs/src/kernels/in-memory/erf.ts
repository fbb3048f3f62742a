/** The error function, right to the last bits of f32: tfjs's is off by up to 1.5e-7, and by all digits near zero. */
import { erf } from '@node-ode/core';
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { fill } from './memory.ts';

/** Takes a list of one tensor. */
export const erfName = 'NodeOdeErf';

export const erfKernel = (backendName: string): TfKernelConfig => ({
  kernelName: erfName,
  backendName,
  kernelFunc: ({ inputs, backend }) => {
    const shape = Array.isArray(inputs) ? (inputs[0]?.shape ?? []) : [];
    return fill(backend, inputs, shape, ({ operands: [x], result }) => {
      for (let i = 0; i < result.length; i++) result[i] = erf(x![i]!);
    });
  },
});
