/** Reductions in WGSL: of integers, as tfjs's compute in f32, and of few elements, for which tfjs's ask a workgroup each. */
import { sizeOf, type ReduceParams, type Shape } from '@node-ode/core';
import type { KernelBuilder, Lowering, Register } from '../contract.ts';
import { reduction } from '../reduction.ts';
import { code, element } from './code.ts';
import { offset, stridesOf } from './index-expressions.ts';
import { filled } from './movement.ts';
import { wgsl } from './program.ts';

type Reduction = 'sum' | 'reduceMax' | 'reduceMin';

/** A reduction: where it starts, and what takes an element in. */
interface Fold {
  readonly start: number;
  readonly step: string;
}

const ofIntegers: { readonly [P in Reduction]: Fold } = {
  sum: { start: 0, step: 'total += x;' },
  reduceMax: { start: -(2 ** 31), step: 'total = max(total, x);' },
  reduceMin: { start: 2 ** 31 - 1, step: 'total = min(total, x);' },
};

const ofFloats: { readonly [P in Reduction]: Fold } = {
  sum: ofIntegers.sum,
  reduceMax: { start: -Infinity, step: 'total = maximum_(total, x);' },
  reduceMin: { start: Infinity, step: 'total = minimum_(total, x);' },
};

/** So many elements are added by one thread, one after the other. */
const mostByOneThread = 64;

/** How many elements become one, if one thread takes them all; none where nothing is to be done. */
const isShort = ({ shape }: Register, { axes }: ReduceParams): boolean => {
  const length = sizeOf(axes.map((axis) => shape[axis]!));
  return length > 1 && length <= mostByOneThread && sizeOf(shape) > 0;
};

/** Of integers and short lines as they are here, of others as all backends have them. */
const reduceOf =
  <P extends Reduction>(op: P): Lowering<P> =>
  (builder, inputs, node) => {
    const [x] = inputs as readonly [Register];
    if (x.dtype === 'int32') return fold(builder, x, node.params, ofIntegers[op]);
    if (isShort(x, node.params)) return fold(builder, x, node.params, ofFloats[op]);
    return x.shape.length > mostAxes && sizeOf(x.shape) > 0
      ? inLines(builder, op, x, node.params)
      : floats[op](builder, inputs, node);
  };

/** The mean of short lines. */
export const shortMean = (builder: KernelBuilder, x: Register, params: ReduceParams): Register | undefined =>
  isShort(x, params)
    ? fold(builder, x, params, ofFloats.sum, sizeOf(params.axes.map((axis) => x.shape[axis]!)))
    : undefined;

const floats: { readonly [P in Reduction]: Lowering<P> } = reduction;

export const reductions: typeof floats = {
  sum: reduceOf('sum'),
  reduceMax: reduceOf('reduceMax'),
  reduceMin: reduceOf('reduceMin'),
};

/** tfjs's take no more axes. */
export const mostAxes = 6;

/** With the axes that go brought together behind the others. */
function inLines(builder: KernelBuilder, op: Reduction, x: Register, { axes, keepDims }: ReduceParams): Register {
  const kept = x.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const shape = keepDims ? keptShape(x.shape, axes) : kept.map((axis) => x.shape[axis]!);
  const moved = builder.lower('transpose', [x], { perm: [...kept, ...axes] });
  const lines = builder.lower('reshape', [moved], { shape: [sizeOf(shape), sizeOf(x.shape) / sizeOf(shape)] });
  return builder.lower('reshape', [builder.lower(op, [lines], { axes: [1], keepDims: false })], { shape });
}

const keptShape = (shape: Shape, axes: readonly number[]): Shape =>
  shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));

function fold(
  builder: KernelBuilder,
  x: Register,
  { axes, keepDims }: ReduceParams,
  { start, step }: Fold,
  divisor?: number,
): Register {
  const { shape: own, dtype } = x;
  const isReduced = (_: unknown, axis: number): boolean => axes.includes(axis);
  const kept = keptShape(own, axes);
  const shape: Shape = keepDims ? kept : own.filter((_, axis) => !axes.includes(axis));
  if (sizeOf(own) === 0) return filled(builder, start, shape, dtype);
  const strides = stridesOf(own);
  const folded = own.filter(isReduced);
  const body = code`
let start = ${offset('index', kept, strides)};
var total = ${element(start, dtype)};
for (var k = 0; k < ${sizeOf(folded)}; k++) {
  let x = A[start + ${offset('k', folded, strides.filter(isReduced))}];
  ${step}
}
result[index] = total${divisor === undefined ? '' : code` / ${element(divisor, dtype)}`};`;
  return wgsl(builder, [x], body, { shape, dtype });
}
