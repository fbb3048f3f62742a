/**
 * Rows replaced. tfjs has a kernel of some lines of indices, which takes five others around it on `wasm`; on `cpu` it writes into its
 * operand, and gives zeros for all other rows where `@tensorflow/tfjs-node` is loaded too, which registers the kernels of another copy
 * of tfjs for the backend that is there.
 */
import { demandIndices, ExecutionError } from '@node-ode/core';
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { computed } from './memory.ts';

/** Takes the list of a buffer, indices of rows, and the rows. */
export const setRowName = 'NodeOdeSetRow';

export const setRowKernel = (backendName: string): TfKernelConfig => ({
  kernelName: setRowName,
  backendName,
  kernelFunc: ({ inputs, backend }) => {
    const [buffer] = Array.isArray(inputs) ? inputs : [];
    if (buffer === undefined) throw new ExecutionError(setRowName, 'operands of another kernel');
    const [extent = 0, ...rest] = buffer.shape;
    const inner = rest.reduce((size, n) => size * n, 1);
    return computed(backend, inputs, buffer, ([before, indices, rows], result) => {
      demandIndices('setRow', indices!, extent);
      result.set(before!);
      for (let k = 0; k < indices!.length; k++) {
        result.set(rows!.subarray(k * inner, (k + 1) * inner), indices![k]! * inner);
      }
    });
  },
});
