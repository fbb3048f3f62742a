/** Integers divided, on `cpu`: tfjs's kernel gives 0 for a division by zero. */
import { ExecutionError, integerDividedByZero } from '@node-ode/core';
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { computed } from './memory.ts';

/** Takes a list of two tensors of one shape. */
export const integerQuotientName = 'NodeOdeIntegerQuotient';

export const integerQuotient: TfKernelConfig = {
  kernelName: integerQuotientName,
  backendName: 'cpu',
  kernelFunc: ({ inputs, backend }) => {
    const [x] = Array.isArray(inputs) ? inputs : [];
    if (x === undefined) throw new ExecutionError(integerQuotientName, 'operands of another kernel');
    return computed(backend, inputs, { shape: x.shape, dtype: 'int32' }, ([dividends, divisors], result) => {
      for (let i = 0; i < result.length; i++) {
        if (divisors![i] === 0) throw integerDividedByZero('div');
        result[i] = dividends![i]! / divisors![i]!;
      }
    });
  },
};
