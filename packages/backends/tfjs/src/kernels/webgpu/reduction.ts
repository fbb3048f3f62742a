/** Reductions: of integers in WGSL, as tfjs's compute in f32; of floats tfjs's. */
import { sizeOf, type ReduceParams, type Shape } from '@node-ode/core';
import type { KernelBuilder, Lowering, Register } from '../contract.ts';
import { reduction } from '../reduction.ts';
import { integer } from './literals.ts';
import { offset, stridesOf } from './index-expressions.ts';
import { filled } from './movement.ts';
import { wgsl } from './program.ts';

type Reduction = 'sum' | 'reduceMax' | 'reduceMin';

/** A reduction of integers: where it starts, and what takes an element in. */
interface Fold {
  readonly start: number;
  readonly step: string;
}

const folds: { readonly [P in Reduction]: Fold } = {
  sum: { start: 0, step: 'total += x;' },
  reduceMax: { start: -(2 ** 31), step: 'total = max(total, x);' },
  reduceMin: { start: 2 ** 31 - 1, step: 'total = min(total, x);' },
};

/** Of integers as they are here, of others as all backends have them. */
const reduceOf =
  <P extends Reduction>(op: P): Lowering<P> =>
  (builder, inputs, node) => {
    const [x] = inputs as readonly [Register];
    if (x.dtype === 'int32') return fold(builder, x, node.params, folds[op]);
    return x.shape.length > mostAxes && sizeOf(x.shape) > 0
      ? inLines(builder, op, x, node.params)
      : floats[op](builder, inputs, node);
  };

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

function fold(builder: KernelBuilder, x: Register, { axes, keepDims }: ReduceParams, { start, step }: Fold): Register {
  const isReduced = (_: unknown, axis: number): boolean => axes.includes(axis);
  const kept = keptShape(x.shape, axes);
  const shape: Shape = keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  if (sizeOf(x.shape) === 0) return filled(builder, start, shape, 'int32');
  const strides = stridesOf(x.shape);
  const folded = x.shape.filter(isReduced);
  const body = `
let start = ${offset('index', kept, strides)};
var total = ${integer(start)};
for (var k = 0; k < ${sizeOf(folded)}; k++) {
  let x = A[start + ${offset('k', folded, strides.filter(isReduced))}];
  ${step}
}
result[index] = total;`;
  return wgsl(builder, [x], body, { shape, dtype: 'int32' });
}
