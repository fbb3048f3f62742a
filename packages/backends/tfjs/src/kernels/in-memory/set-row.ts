/**
 * Rows replaced, on `cpu`: tfjs's kernel writes into its operand, and gives zeros for all other rows where `@tensorflow/tfjs-node` is
 * loaded too, which registers the kernels of another copy of tfjs for the backend that is there.
 */
import { demandIndices, ExecutionError } from '@node-ode/core';
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { elementsIn, isArrays } from './memory.ts';

/** Takes the list of a buffer, indices of rows, and the rows. */
export const setRowName = 'NodeOdeSetRow';

export const setRowKernel: TfKernelConfig = {
  kernelName: setRowName,
  backendName: 'cpu',
  kernelFunc: ({ inputs, backend }) => {
    const [buffer, index, row] = Array.isArray(inputs) ? inputs : [];
    if (buffer === undefined || index === undefined || row === undefined || !isArrays(backend)) {
      throw new ExecutionError(setRowName, 'operands of another kernel');
    }
    const [before, indices, rows] = [buffer, index, row].map((x) => elementsIn(backend, x));
    const { dtype } = buffer;
    const own = [...buffer.shape];
    const [extent = 0, ...rest] = own;
    const inner = rest.reduce((size, n) => size * n, 1);
    // What was cast to floats may keep its integers.
    const result = dtype === 'float32' ? Float32Array.from(before!) : before!.slice();
    demandIndices('setRow', indices!, extent);
    indices!.forEach((at, k) => {
      result.set(rows!.subarray(k * inner, (k + 1) * inner), at * inner);
    });
    return { dataId: backend.write(result, own, dtype), shape: own, dtype };
  },
};
