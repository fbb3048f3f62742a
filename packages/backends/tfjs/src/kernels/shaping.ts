/** Movements of elements that lowerings are made of; what moves nothing is no call. */
import { sameShape, type Shape } from '@node-ode/core';
import type { KernelBuilder, Register } from './contract.ts';

/** 0, 1, …, length − 1 */
export const range = (length: number): readonly number[] => Array.from({ length }, (_, i) => i);

export const reshape = (builder: KernelBuilder, x: Register, shape: Shape): Register =>
  sameShape(x.shape, shape) ? x : builder.lower('reshape', [x], { shape });

/** Axis i of the result is axis `perm[i]`. Axes of extent 1 change places without a copy. */
export function transpose(builder: KernelBuilder, x: Register, perm: readonly number[]): Register {
  const moved = perm.filter((axis) => x.shape[axis] !== 1);
  const shape = perm.map((axis) => x.shape[axis] ?? 1);
  if (moved.every((axis, i) => i === 0 || axis > (moved[i - 1] ?? 0))) return reshape(builder, x, shape);
  return builder.lower('transpose', [x], { perm });
}

/** `sizes` elements from `starts` on. */
export const slice = (
  builder: KernelBuilder,
  x: Register,
  starts: readonly number[],
  sizes: readonly number[],
): Register => (sameShape(x.shape, sizes) ? x : builder.lower('slice', [x], { starts, sizes }));

export const pad = (
  builder: KernelBuilder,
  x: Register,
  before: readonly number[],
  after: readonly number[],
  value = 0,
): Register =>
  [...before, ...after].every((width) => width === 0) ? x : builder.lower('pad', [x], { before, after, value });

/** Elements of one value. */
export const filled = (builder: KernelBuilder, value: number, shape: Shape): Register =>
  builder.lower('constant', [], { value, shape, dtype: 'f32' });
