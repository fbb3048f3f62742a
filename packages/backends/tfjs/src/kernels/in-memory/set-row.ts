/**
 * Rows replaced, on `cpu`: tfjs's kernel writes into its operand, and gives zeros for all other rows where `@tensorflow/tfjs-node` is
 * loaded too, which registers the kernels of another copy of tfjs for the backend that is there.
 */
import { ExecutionError } from '@node-ode/core';
import type { TfElements, TfKernelConfig } from '../../runtime/tf-module.ts';
import { isElements } from '../../runtime/value.ts';
import { isArrays } from './memory.ts';

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
    const [before, indices, rows] = [buffer, index, row].map(({ dataId }) => elements(backend.readSync(dataId)));
    const { dtype } = buffer;
    const own = [...buffer.shape];
    const [extent = 0, ...rest] = own;
    const inner = rest.reduce((size, n) => size * n, 1);
    // What was cast to floats may keep its integers.
    const result = dtype === 'float32' ? Float32Array.from(before!) : before!.slice();
    indices!.forEach((at, k) => {
      if (at < 0 || at >= extent) {
        throw new ExecutionError('setRow', `index ${at}`, { expected: `an index in [0, ${extent})` });
      }
      result.set(rows!.subarray(k * inner, (k + 1) * inner), at * inner);
    });
    return { dataId: backend.write(result, own, dtype), shape: own, dtype };
  },
};

function elements(values: unknown): TfElements {
  if (isElements(values)) return values;
  throw new ExecutionError(setRowName, 'the elements of an operand are no numbers');
}
