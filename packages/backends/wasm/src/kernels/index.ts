/** Data movement, what goes by indices, windows over images, linear systems: the primitives that are more than a walk over elements. */
import { sizeOf, type Primitive, type PrimitiveParams } from '@node-ode/core';
import { argMax, cumsum } from './along-axis.ts';
import {
  avgPool2d,
  avgPool2dGrad,
  avgPool2dGradScratch,
  avgPool2dScratch,
  conv2dKernelGrad,
  conv2dKernelGradScratch,
  conv2dKernelGradWork,
  maxPool2d,
  maxPool2dGrad,
  maxPool2dGradScratch,
  maxPool2dScratch,
  sharedConv2dKernelGrad,
} from './images.ts';
import { gather, scatterAdd, setRow } from './indexing.ts';
import type { Kernel, Scratch, SharedKernel, TensorLike } from './kernel.ts';
import { linearSolve, linearSolveScratch } from './linear-solve.ts';
import { concat, iota, pad } from './movement.ts';

export type { Kernel, Operand, SharedKernel } from './kernel.ts';
export { copyBytes, fillElements } from './runs.ts';

/** A result without elements costs nothing. */
const unlessEmpty =
  <P extends Primitive>(kernel: Kernel<P>): Kernel<P> =>
  (f, params, inputs, output, scratch) => {
    if (sizeOf(output.shape) > 0) kernel(f, params, inputs, output, scratch);
  };

type Kernels<P extends Primitive> = { readonly [Q in P]: Kernel<Q> };

/**
 * The kernels by their primitives.
 *
 * @example
 * kernels.concat(f, { axis: 0 }, [a, b], output, scratch);
 */
export const kernels: Kernels<
  'concat' | 'pad' | 'gather' | 'scatterAdd' | 'cumsum' | 'argMax' | 'setRow' | 'iota' | WithScratch
> = {
  concat: unlessEmpty(concat),
  pad: unlessEmpty(pad),
  gather: unlessEmpty(gather),
  scatterAdd: unlessEmpty(scatterAdd),
  cumsum: unlessEmpty(cumsum),
  argMax: unlessEmpty(argMax),
  setRow: unlessEmpty(setRow),
  iota: unlessEmpty(iota),
  conv2dKernelGrad: unlessEmpty(conv2dKernelGrad),
  maxPool2d: unlessEmpty(maxPool2d),
  maxPool2dGrad: unlessEmpty(maxPool2dGrad),
  avgPool2d: unlessEmpty(avgPool2d),
  avgPool2dGrad: unlessEmpty(avgPool2dGrad),
  linearSolve: unlessEmpty(linearSolve),
};

type WithScratch = 'conv2dKernelGrad' | 'maxPool2d' | 'maxPool2dGrad' | 'avgPool2d' | 'avgPool2dGrad' | 'linearSolve';

/** Kernels that need scratch memory. */
const scratch: { readonly [P in WithScratch]: Scratch<P> } = {
  conv2dKernelGrad: conv2dKernelGradScratch,
  maxPool2d: maxPool2dScratch,
  maxPool2dGrad: maxPool2dGradScratch,
  avgPool2d: avgPool2dScratch,
  avgPool2dGrad: avgPool2dGradScratch,
  linearSolve: linearSolveScratch,
};

const needsScratch = (op: keyof typeof kernels): op is WithScratch => Object.hasOwn(scratch, op);

/** Bytes of scratch memory that the kernel of an operation needs (0 if none). */
export function kernelScratchBytes<P extends keyof typeof kernels>(
  op: P,
  params: PrimitiveParams[P],
  inputs: readonly TensorLike[],
  output: TensorLike,
): number {
  if (!needsScratch(op)) return 0;
  return (scratch[op] as Scratch<P>)(params, inputs, output);
}

/** An operation with a kernel. */
export type KernelOperation = {
  [P in keyof typeof kernels]: { readonly op: P; readonly params: PrimitiveParams[P] };
}[keyof typeof kernels];

/** Floating-point operations of a kernel that threads can share; 0 for the others, which move data. */
export function sharedKernelWork(
  operation: KernelOperation,
  inputs: readonly TensorLike[],
  output: TensorLike,
): number {
  return operation.op === 'conv2dKernelGrad' ? conv2dKernelGradWork(operation.params, inputs, output) : 0;
}

/** A kernel in at most so many parts; undefined if it is one piece. */
export function sharedKernel(
  operation: KernelOperation,
  inputs: readonly TensorLike[],
  output: TensorLike,
  mostParts: number,
): SharedKernel | undefined {
  if (operation.op !== 'conv2dKernelGrad') return undefined;
  return sharedConv2dKernelGrad(operation.params, inputs, output, mostParts);
}
