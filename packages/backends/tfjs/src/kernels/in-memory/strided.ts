/** Elements read by steps, on `cpu`: axes that change places and elements that are repeated, for which tfjs looks each place up, in 100 ns. */
import { ExecutionError } from '@node-ode/core';
import type { TfElements, TfKernelConfig } from '../../runtime/tf-module.ts';
import { isNumbers } from './attributes.ts';
import { computed } from './memory.ts';
import { eachLine } from './strides.ts';

/** Takes a list of one tensor; attributes are the axes that it is gone through along, its steps along these, and the result's shape. */
export const stridedName = 'NodeOdeStrided';

export const stridedKernel: TfKernelConfig = {
  kernelName: stridedName,
  backendName: 'cpu',
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { extents, steps, shape } = attrs ?? {};
    const [tensor] = Array.isArray(inputs) ? inputs : [];
    if (!isNumbers(extents) || !isNumbers(steps) || !isNumbers(shape) || tensor === undefined) {
      throw new ExecutionError(stridedName, 'operands of another kernel');
    }
    const last = extents.length - 1;
    const [step, length] = [steps[last] ?? 0, extents[last] ?? 1];
    // What was cast to floats may keep its integers: the result is of the dtype that the tensor says.
    return computed(backend, inputs, { shape, dtype: tensor.dtype }, ([elements], result) => {
      let to = 0;
      eachLine(extents, steps, [], (at) => {
        copyLine(elements!, at, step, result, to, length);
        to += length;
      });
    });
  },
};

function copyLine(from: TfElements, at: number, step: number, to: TfElements, first: number, length: number): void {
  for (let i = 0; i < length; i++) to[first + i] = from[at + i * step]!;
}
