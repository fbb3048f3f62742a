/** Lowerings of reductions. */
import { sizeOf, type ReduceParams, type Shape } from '@node-ode/core';
import { filled } from './arithmetic.ts';
import type { KernelBuilder, Lowering, Register } from './contract.ts';
import { reshape } from './movement.ts';

type Reduction = 'sum' | 'reduceMax' | 'reduceMin';

export const reduction: { readonly [P in Reduction]: Lowering<P> } = {
  sum: (builder, [x], { params }) => reduce(builder, 'Sum', 'axis', x!, params, 0),
  reduceMax: (builder, [x], { params }) => reduce(builder, 'Max', 'reductionIndices', x!, params, bound(x!, -1)),
  reduceMin: (builder, [x], { params }) => reduce(builder, 'Min', 'axis', x!, params, bound(x!, 1)),
};

/** What every element is at least (`sign` −1) or at most (1). */
const bound = ({ dtype }: Register, sign: 1 | -1): number => {
  if (dtype !== 'int32') return sign * Infinity;
  return sign > 0 ? 2 ** 31 - 1 : -(2 ** 31);
};

/** A reduction; `empty` is what it gives of no elements. Over axes of extent 1 it moves nothing. */
function reduce(
  builder: KernelBuilder,
  kernel: string,
  name: 'axis' | 'reductionIndices',
  x: Register,
  { axes, keepDims }: ReduceParams,
  empty: number,
): Register {
  const shape = reduced(x.shape, axes, keepDims);
  const { dtype } = x;
  if (sizeOf(x.shape) === 0) return filled(builder, empty, dtype, shape);
  if (axes.every((axis) => x.shape[axis] === 1)) return reshape(builder, x, shape);
  return builder.call(kernel, { x }, { [name]: [...axes], keepDims }, { shape, dtype });
}

const reduced = (shape: Shape, axes: readonly number[], keepDims: boolean): Shape =>
  keepDims
    ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : shape.filter((_, axis) => !axes.includes(axis));
