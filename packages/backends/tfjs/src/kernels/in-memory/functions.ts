/** Functions of one number where tfjs's kernels are wrong. */
import { erf, roundTiesToEven } from '@node-ode/core';
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { fill } from './memory.ts';

/** The error function, right to the last bits of f32: tfjs's is off by up to 1.5e-7, and by all digits near zero. */
export const erfName = 'NodeOdeErf';

/** Rounding that keeps the sign of what becomes 0: tfjs's makes 0 of −0.5 on `cpu`. */
export const roundName = 'NodeOdeRound';

/** A kernel that takes a list of one tensor, and applies a function to each element. */
const ofEach =
  (kernelName: string, f: (x: number) => number) =>
  (backendName: string): TfKernelConfig => ({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, backend }) => {
      const shape = Array.isArray(inputs) ? (inputs[0]?.shape ?? []) : [];
      return fill(backend, inputs, shape, ({ operands: [x], result }) => {
        for (let i = 0; i < result.length; i++) result[i] = f(x![i]!);
      });
    },
  });

export const erfKernel = ofEach(erfName, erf);
export const roundKernel = ofEach(roundName, roundTiesToEven);
