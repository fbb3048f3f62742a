/** Whether all elements of all operands are finite, as one kernel instead of a test for each and their conjunction. */
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { fillBooleans } from './memory.ts';

/** Inputs are tensors of floats, of any shapes; the result is a boolean scalar. */
export const allFiniteName = 'NodeOdeAllFinite';

export const allFiniteKernel = (backendName: string): TfKernelConfig => ({
  kernelName: allFiniteName,
  backendName,
  kernelFunc: ({ inputs, backend }) =>
    fillBooleans(backend, inputs, [], ({ operands, result }) => {
      result[0] = operands.every(areFinite) ? 1 : 0;
    }),
});

/** Zero times anything finite is ±0, and NaN otherwise. Four at a time: additions to one sum wait for each other. */
function areFinite(x: Float32Array): boolean {
  const even = x.length - (x.length % 4);
  let sum = 0;
  for (let j = 0; j < even; j += 4) sum += 0 * x[j]! + 0 * x[j + 1]! + (0 * x[j + 2]! + 0 * x[j + 3]!);
  for (let j = even; j < x.length; j++) sum += 0 * x[j]!;
  return sum === 0;
}
