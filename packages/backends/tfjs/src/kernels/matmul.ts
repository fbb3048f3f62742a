/** Matrix products. */
import { broadcastShapes, sameShape, sizeOf, type Shape } from '@node-ode/core';
import { filled } from './arithmetic.ts';
import type { KernelBuilder, Lowering, Register } from './contract.ts';
import { broadcastTo, reshape, transpose } from './movement.ts';
import { mostInOneSum } from './reduction.ts';
import { pad, range } from './shaping.ts';

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
  if (builder.backendName === 'wasm' && (transposeA || transposeB) && sizeOf(shape) * inner >= mostBySlowLoop) {
    const [x, y] = [transposeA ? turned(builder, a) : a, transposeB ? turned(builder, b) : b];
    return product(builder, x, y, { transposeA: false, transposeB: false });
  }
  if (builder.backendName === 'wasm' && inner > mostInOneSum) return inBlocks(builder, a, b, params);
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

/**
 * From this many multiplications on `wasm` multiplies a copy faster than a transposed operand, for which it has a plain loop: 32³ in
 * 8 instead of 34 µs, 64³ in 25 instead of 300.
 */
const mostBySlowLoop = 4096;

/** Terms of a sum, which `wasm` adds one after the other, are taken this many at a time; sums of them are added in double precision. */
const block = mostInOneSum / 2;

/** A product in as many as a long inner extent has blocks, and their sum. */
function inBlocks(builder: KernelBuilder, a: Register, b: Register, params: Transposed): Register {
  const [x, y] = [blocksOf(builder, a, params.transposeA ? 0 : 1), blocksOf(builder, b, params.transposeB ? 1 : 0)];
  const products = product(builder, x, y, params);
  return builder.lower('sum', [products], { axes: [products.shape.length - 3], keepDims: false });
}

/** Matrices cut into blocks along an axis of theirs; zeros fill the last one up. */
function blocksOf(builder: KernelBuilder, x: Register, axis: 0 | 1): Register {
  const lead = x.shape.slice(0, -2);
  const [rows = 0, columns = 0] = x.shape.slice(-2);
  const extent = axis === 0 ? rows : columns;
  const count = Math.ceil(extent / block);
  const size = Math.ceil(extent / count);
  const after = axis === 0 ? [count * size - extent, 0] : [0, count * size - extent];
  const none = lead.map(() => 0);
  const whole = pad(builder, x, [...none, 0, 0], [...none, ...after]);
  if (axis === 0) return reshape(builder, whole, [...lead, count, size, columns]);
  const cut = reshape(builder, whole, [...lead, rows, count, size]);
  const { length } = lead;
  return transpose(builder, cut, [...range(length), length + 1, length, length + 2]);
}

/** Matrices with rows for columns. */
function turned(builder: KernelBuilder, x: Register): Register {
  const { length } = x.shape;
  const lead = x.shape.slice(0, -2).map((_, axis) => axis);
  return transpose(builder, x, [...lead, length - 1, length - 2]);
}

/** Extents of a matrix as it is multiplied. */
function matrix(shape: Shape, isTransposed: boolean): readonly [rows: number, columns: number] {
  const [first = 1, second = 1] = shape.slice(-2);
  return isTransposed ? [second, first] : [first, second];
}
