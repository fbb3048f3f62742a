/** Data movement and what goes by indices: the primitives that are more than a walk over elements. */
import { sizeOf, type Primitive } from '@node-ode/core';
import { argMax, cumsum } from './along-axis.ts';
import { gather, scatterAdd, setRow } from './indexing.ts';
import type { Kernel } from './kernel.ts';
import { concat, iota, pad } from './movement.ts';

export type { Kernel, Operand } from './kernel.ts';
export { copyBytes, fillElements } from './runs.ts';

/** A result without elements costs nothing. */
const unlessEmpty =
  <P extends Primitive>(kernel: Kernel<P>): Kernel<P> =>
  (f, params, inputs, output) => {
    if (sizeOf(output.shape) > 0) kernel(f, params, inputs, output);
  };

/**
 * The kernels by their primitives.
 *
 * @example
 * kernels.concat(f, { axis: 0 }, [a, b], output);
 */
export const kernels: {
  readonly [P in 'concat' | 'pad' | 'gather' | 'scatterAdd' | 'cumsum' | 'argMax' | 'setRow' | 'iota']: Kernel<P>;
} = {
  concat: unlessEmpty(concat),
  pad: unlessEmpty(pad),
  gather: unlessEmpty(gather),
  scatterAdd: unlessEmpty(scatterAdd),
  cumsum: unlessEmpty(cumsum),
  argMax: unlessEmpty(argMax),
  setRow: unlessEmpty(setRow),
  iota: unlessEmpty(iota),
};
