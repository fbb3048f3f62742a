/** Data movement, what goes by indices, windows over images: the primitives that are more than a walk over elements. */
import { sizeOf, type Primitive } from '@node-ode/core';
import type { Operation } from '../compile/steps.ts';
import { argMax, cumsum } from './along-axis.ts';
import { conv2dKernelGrad, conv2dKernelGradScratch, type Tensor } from './convolution.ts';
import { gather, scatterAdd, setRow } from './indexing.ts';
import type { Kernel } from './kernel.ts';
import { concat, iota, pad } from './movement.ts';

export type { Kernel, Operand } from './kernel.ts';
export { copyBytes, fillElements } from './runs.ts';

/** A result without elements costs nothing. */
const unlessEmpty =
  <P extends Primitive>(kernel: Kernel<P>): Kernel<P> =>
  (f, params, inputs, output, scratch) => {
    if (sizeOf(output.shape) > 0) kernel(f, params, inputs, output, scratch);
  };

/**
 * The kernels by their primitives.
 *
 * @example
 * kernels.concat(f, { axis: 0 }, [a, b], output);
 */
export const kernels: {
  readonly [
    P in 'concat' | 'pad' | 'gather' | 'scatterAdd' | 'cumsum' | 'argMax' | 'setRow' | 'iota' | 'conv2dKernelGrad'
  ]: Kernel<P>;
} = {
  concat: unlessEmpty(concat),
  pad: unlessEmpty(pad),
  gather: unlessEmpty(gather),
  scatterAdd: unlessEmpty(scatterAdd),
  cumsum: unlessEmpty(cumsum),
  argMax: unlessEmpty(argMax),
  setRow: unlessEmpty(setRow),
  iota: unlessEmpty(iota),
  conv2dKernelGrad: unlessEmpty(conv2dKernelGrad),
};

/** Bytes of scratch memory that the kernel of an operation needs (0 if none). */
export function kernelScratchBytes(operation: Operation, inputs: readonly Tensor[], output: Tensor): number {
  return operation.op === 'conv2dKernelGrad' ? conv2dKernelGradScratch(operation.params, inputs, output) : 0;
}
