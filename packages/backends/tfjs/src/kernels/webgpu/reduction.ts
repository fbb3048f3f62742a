/** Reductions of integers, in WGSL: tfjs's compute in f32. Those of floats are tfjs's. */
import { sizeOf, type ReduceParams, type Shape } from '@node-ode/core';
import type { KernelBuilder, Lowering, Register } from '../contract.ts';
import { integer } from './functions.ts';
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

/** Reductions: those of integers here, others as `floats` has them. */
export const reductions = (floats: { readonly [P in Reduction]: Lowering<P> }): typeof floats => ({
  sum: (builder, inputs, node) =>
    isInteger(inputs) ? fold(builder, inputs[0]!, node.params, folds.sum) : floats.sum(builder, inputs, node),
  reduceMax: (builder, inputs, node) =>
    isInteger(inputs)
      ? fold(builder, inputs[0]!, node.params, folds.reduceMax)
      : floats.reduceMax(builder, inputs, node),
  reduceMin: (builder, inputs, node) =>
    isInteger(inputs)
      ? fold(builder, inputs[0]!, node.params, folds.reduceMin)
      : floats.reduceMin(builder, inputs, node),
});

const isInteger = ([x]: readonly Register[]): boolean => x?.dtype === 'int32';

function fold(builder: KernelBuilder, x: Register, { axes, keepDims }: ReduceParams, { start, step }: Fold): Register {
  const isReduced = (_: unknown, axis: number): boolean => axes.includes(axis);
  const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
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
