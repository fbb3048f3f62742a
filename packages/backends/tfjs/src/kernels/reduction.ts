/** Lowerings of reductions. */
import { sizeOf, type ReduceParams, type Shape } from '@node-ode/core';
import { filled } from './arithmetic.ts';
import type { KernelBuilder, Lowering, Register } from './contract.ts';
import { sumName } from './in-memory/sum.ts';
import { reshape, transpose } from './movement.ts';
import { range } from './shaping.ts';

type Reduction = 'sum' | 'reduceMax' | 'reduceMin';

export const reduction: { readonly [P in Reduction]: Lowering<P> } = {
  sum: (builder, [x], { params }) => {
    const isPlain = x!.dtype !== 'float32' || sizeOf(x!.shape) === 0 || movesNothing(x!, params);
    return (isPlain ? undefined : sum(builder, x!, params)) ?? reduce(builder, 'Sum', 'axis', x!, params, 0);
  },
  reduceMax: (builder, [x], { params }) => reduce(builder, 'Max', 'reductionIndices', x!, params, bound(x!, -1)),
  reduceMin: (builder, [x], { params }) => reduce(builder, 'Min', 'axis', x!, params, bound(x!, 1)),
};

/** What every element is at least (`sign` −1) or at most (1). */
const bound = ({ dtype }: Register, sign: 1 | -1): number => {
  if (dtype !== 'int32') return sign * Infinity;
  return sign > 0 ? 2 ** 31 - 1 : -(2 ** 31);
};

const movesNothing = ({ shape }: Register, { axes }: ReduceParams): boolean => axes.every((axis) => shape[axis] === 1);

/** A reduction; `empty` is what it gives of no elements. Over axes of extent 1 it moves nothing. */
function reduce(
  builder: KernelBuilder,
  kernel: string,
  name: 'axis' | 'reductionIndices',
  x: Register,
  params: ReduceParams,
  empty: number,
): Register {
  const { axes, keepDims } = params;
  const shape = reduced(x.shape, params);
  const { dtype } = x;
  if (sizeOf(x.shape) === 0) return filled(builder, empty, dtype, shape);
  if (movesNothing(x, params)) return reshape(builder, x, shape);
  return builder.call(kernel, { x }, { [name]: [...axes], keepDims }, { shape, dtype });
}

/** The sum of floats by our own kernel, or of `kernel` over long lines; undefined where tfjs's does as it is. */
export function sum(
  builder: KernelBuilder,
  x: Register,
  params: ReduceParams,
  { kernel = 'Sum', divisor = 1 }: { readonly kernel?: 'Sum' | 'Mean'; readonly divisor?: number } = {},
): Register | undefined {
  const shape = reduced(x.shape, params);
  const result = { shape, dtype: 'float32' } as const;
  if (builder.has(sumName)) {
    const { extents, lines } = inLines(builder, x, params.axes);
    return builder.call(sumName, [lines], { extents, divisor, shape }, result);
  }
  const length = sizeOf(params.axes.map((axis) => x.shape[axis]!));
  if (builder.backendName !== 'tensorflow' || length <= mostInOneSum) return undefined;
  // Eigen adds rows one after the other, but the elements of a row pair by pair.
  const kept = keptAxes(x.shape, params.axes);
  const rows = reshape(builder, transpose(builder, x, [...kept, ...params.axes]), [sizeOf(shape), length]);
  const sums = builder.call(kernel, { x: rows }, { axis: [1], keepDims: false }, { ...result, shape: [sizeOf(shape)] });
  return reshape(builder, sums, shape);
}

/** Sums of more terms, one after the other in f32, may be off by more than 1e-5 of what they are. */
export const mostInOneSum = 1024;

/** A tensor and its extents before the axes that go, of these, and behind them: they are brought together where they are apart. */
function inLines(
  builder: KernelBuilder,
  x: Register,
  axes: readonly number[],
): { readonly extents: readonly number[]; readonly lines: Register } {
  const going = axes.filter((axis) => x.shape[axis] !== 1).sort((a, b) => a - b);
  const [first = 0, last = 0] = [going[0], going[going.length - 1]];
  const between = x.shape.slice(first, last + 1);
  const extent = sizeOf(going.map((axis) => x.shape[axis]!));
  if (sizeOf(between) === extent) {
    return { extents: [sizeOf(x.shape.slice(0, first)), extent, sizeOf(x.shape.slice(last + 1))], lines: x };
  }
  const lines = transpose(builder, x, [...keptAxes(x.shape, axes), ...axes]);
  return { extents: [sizeOf(x.shape) / extent, extent, 1], lines };
}

const keptAxes = (shape: Shape, axes: readonly number[]): readonly number[] =>
  range(shape.length).filter((axis) => !axes.includes(axis));

const reduced = (shape: Shape, { axes, keepDims }: ReduceParams): Shape =>
  keepDims
    ? shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent))
    : shape.filter((_, axis) => !axes.includes(axis));
