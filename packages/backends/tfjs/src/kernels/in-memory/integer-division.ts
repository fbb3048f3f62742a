/** Integers divided, on `cpu`: tfjs's kernel gives 0 for a division by zero. */
import { ExecutionError, integerDividedByZero } from '@node-ode/core';
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { elementsIn, isArrays } from './memory.ts';

/** Takes a list of two tensors of one shape. */
export const integerQuotientName = 'NodeOdeIntegerQuotient';

export const integerQuotient: TfKernelConfig = {
  kernelName: integerQuotientName,
  backendName: 'cpu',
  kernelFunc: ({ inputs, backend }) => {
    const [x, y] = Array.isArray(inputs) ? inputs : [];
    if (x === undefined || y === undefined || !isArrays(backend)) {
      throw new ExecutionError(integerQuotientName, 'operands of another kernel');
    }
    const [dividends, divisors] = [elementsIn(backend, x), elementsIn(backend, y)];
    const result = new Int32Array(dividends.length);
    for (let i = 0; i < result.length; i++) {
      if (divisors[i] === 0) throw integerDividedByZero('div');
      result[i] = dividends[i]! / divisors[i]!;
    }
    const shape = [...x.shape];
    return { dataId: backend.write(result, shape, 'int32'), shape, dtype: 'int32' };
  },
};
