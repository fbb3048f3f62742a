/** Updates added to where indices point, in double precision: tfjs's `ScatterNd` loses an f32's last bits with each. */
import { demandIndices, ExecutionError } from '@node-ode/core';
import type { TfKernelConfig } from '../../runtime/tf-module.ts';
import { isNumbers } from './attributes.ts';
import { fill } from './memory.ts';

/**
 * Takes a list of the updates, as [outer, count, inner], and of `count` indices, which are read as floats; attributes are these
 * `extents`, the `size` of the axis that stands for `count` in the result, and the result's shape.
 */
export const scatterAddName = 'NodeOdeScatterAdd';

/** Up to here integers are floats. */
export const mostSlots = 2 ** 24;

export const scatterAddKernel = (backendName: string): TfKernelConfig => ({
  kernelName: scatterAddName,
  backendName,
  kernelFunc: ({ inputs, attrs, backend }) => {
    const { extents, size, shape } = attrs ?? {};
    if (!isNumbers(extents) || !isNumbers(shape) || typeof size !== 'number') {
      throw new ExecutionError(scatterAddName, 'no extents');
    }
    const [outer = 0, count = 0, inner = 0] = extents;
    return fill(backend, inputs, shape, ({ operands: [updates, indices], result }) => {
      demandIndices('scatterAdd', indices!, size);
      const sums = new Float64Array(result.length);
      for (let block = 0, from = 0; block < outer; block++) {
        for (let k = 0; k < count; k++) {
          const to = (block * size + indices![k]!) * inner;
          for (let i = 0; i < inner; i++, from++) sums[to + i]! += updates![from]!;
        }
      }
      result.set(sums);
    });
  },
});
