/** Whether all elements are finite, as one kernel instead of a test for each and their minimum. */
import { ExecutionError } from '@node-ode/core';
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { fillIntegers } from './memory.ts';

/** The input is a list of one tensor; the result is 1 or 0, an int32 scalar. */
export const allFiniteName = 'NodeOdeAllFinite';

export const allFinite = (backendName: string): TfKernelConfig => ({
  kernelName: allFiniteName,
  backendName,
  kernelFunc: ({ inputs, backend }) =>
    fillIntegers(backend, inputs, [], ({ operands, result }) => {
      const [x] = operands;
      if (x === undefined) throw new ExecutionError(allFiniteName, 'no operand');
      // Zero times anything finite is ±0, and NaN otherwise.
      let sum = 0;
      for (let j = 0; j < x.length; j++) sum += 0 * x[j]!;
      result[0] = sum === 0 ? 1 : 0;
    }),
});
