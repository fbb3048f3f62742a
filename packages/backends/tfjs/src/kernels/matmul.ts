/** Matrix products. */
import { broadcastShapes, sameShape, sizeOf, type Shape } from '@node-ode/core';
import { filled } from './arithmetic.ts';
import type { KernelBuilder, Lowering, Register } from './contract.ts';
import { broadcastTo, reshape } from './movement.ts';

export const matmul: { readonly matmul: Lowering<'matmul'> } = {
  matmul: (builder, [a, b], { params }) => product(builder, a!, b!, params),
};

interface Transposed {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/**
 * `BatchMatMul`. With different leading axes the kernels take the wrong matrices unless one operand is a single one: they are
 * broadcast before.
 */
function product(builder: KernelBuilder, a: Register, b: Register, params: Transposed): Register {
  const { transposeA, transposeB } = params;
  const [leadA, leadB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const lead = broadcastShapes('matmul', leadA, leadB);
  const [rows, inner] = matrix(a.shape, transposeA);
  const columns = matrix(b.shape, transposeB)[1];
  const shape = [...lead, rows, columns];
  if (inner === 0) return filled(builder, 0, a.dtype, shape);
  const call = (x: Register, y: Register, result: Shape): Register =>
    builder.call('BatchMatMul', { a: x, b: y }, { transposeA, transposeB }, { shape: result, dtype: a.dtype });
  if (sizeOf(leadB) === 1 && !transposeA && leadA.length > 0) {
    // Many matrices times one: a single product of all their rows.
    const all = reshape(builder, a, [sizeOf(leadA) * rows, inner]);
    const one = reshape(builder, b, b.shape.slice(-2));
    return reshape(builder, call(all, one, [sizeOf(leadA) * rows, columns]), shape);
  }
  const whole = (x: Register, own: Shape): Register =>
    sameShape(own, lead) ? x : broadcastTo(builder, x, [...lead, ...x.shape.slice(-2)]);
  return call(whole(a, leadA), whole(b, leadB), shape);
}

/** Extents of a matrix as it is multiplied. */
function matrix(shape: Shape, isTransposed: boolean): readonly [rows: number, columns: number] {
  const [first = 1, second = 1] = shape.slice(-2);
  return isTransposed ? [second, first] : [first, second];
}
