/** Lowerings of what reads and writes at indices, and of what looks for them. */
import { sizeOf, type Shape } from '@node-ode/core';
import { Arithmetic, filled } from './arithmetic.ts';
import type { KernelBuilder, Register } from './contract.ts';
import { mostSlots, scatterAddName } from './in-memory/scatter-add.ts';
import { setRowName } from './in-memory/set-row.ts';
import { cumsumName } from './in-memory/sum.ts';
import { indexingLowerings } from './indexing-lowerings.ts';
import { broadcastTo, iota, reshape, transpose } from './movement.ts';

export const indexing = indexingLowerings({ gather, scatterAdd, setRow, argMax, cumsum });

/** On cpu and wasm the kernel fails on an index out of range. */
function gather(builder: KernelBuilder, x: Register, indices: Register, axis: number): Register {
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return builder.call('GatherV2', { x, indices }, { axis, batchDims: 0 }, { shape, dtype: x.dtype });
}

/** Indices as a column, looked up in 0, 1, 2, …: one out of range fails there. */
function checkedIndices(builder: KernelBuilder, indices: Register, extent: number): Register {
  const range = iota(builder, { shape: [extent], axis: 0, dtype: 'i32' });
  return reshape(builder, gather(builder, range, indices, 0), [sizeOf(indices.shape), 1]);
}

/** By a kernel of our own, or rows added to zeros; axes before that of the indices are moved behind it, and back. */
function scatterAdd(
  builder: KernelBuilder,
  updates: Register,
  indices: Register,
  axis: number,
  size: number,
): Register {
  const { dtype } = updates;
  const outer = updates.shape.slice(0, axis);
  const inner = updates.shape.slice(axis + indices.shape.length);
  const whole = [...outer, size, ...inner];
  if (sizeOf(updates.shape) === 0) return filled(builder, 0, dtype, whole);
  const [before, count, after] = [sizeOf(outer), sizeOf(indices.shape), sizeOf(inner)];
  if (dtype === 'float32' && size <= mostSlots && builder.has(scatterAddName)) {
    const attributes = { extents: [before, count, after], size, shape: whole };
    return builder.call(scatterAddName, [updates, indices], attributes, { shape: whole, dtype });
  }
  const flat = reshape(builder, updates, [before, count, after]);
  const rows = reshape(builder, transpose(builder, flat, [1, 0, 2]), [count, before * after]);
  const operands = { indices: checkedIndices(builder, indices, size), updates: rows };
  const shape = [size, before * after];
  const sums = builder.call('ScatterNd', operands, { shape }, { shape, dtype });
  const back = transpose(builder, reshape(builder, sums, [size, before, after]), [1, 0, 2]);
  return reshape(builder, back, whole);
}

/** Rows replaced. Booleans travel as i32: not every backend writes them. */
function setRow(builder: KernelBuilder, buffer: Register, index: Register, row: Register): Register {
  if (buffer.dtype === 'bool' && !builder.has(setRowName)) {
    const [numbers, numberRow] = [buffer, row].map((x) => builder.lower('cast', [x], { dtype: 'i32' }));
    return builder.lower('cast', [setRow(builder, numbers!, index, numberRow!)], { dtype: 'bool' });
  }
  const [extent = 0, ...rest] = buffer.shape;
  const inner = sizeOf(rest);
  const count = sizeOf(index.shape);
  if (count === 0) return buffer;
  if (builder.has(setRowName)) return builder.call(setRowName, [buffer, index, row], {}, buffer);
  const flat = reshape(builder, buffer, [extent, inner]);
  const operands = {
    tensor: flat,
    indices: checkedIndices(builder, index, extent),
    updates: reshape(builder, row, [count, inner]),
  };
  return reshape(builder, builder.call('TensorScatterUpdate', operands, {}, flat), buffer.shape);
}

/** The first index of the largest element, or of NaN, which tfjs's kernel passes over. */
function argMax(builder: KernelBuilder, x: Register, axis: number): Register {
  const shape = x.shape.filter((_, i) => i !== axis);
  if (x.dtype === 'int32') return builder.call('ArgMax', { x }, { axis }, { shape, dtype: 'int32' });
  const a = new Arithmetic(builder);
  const top = builder.lower('reduceMax', [x], { axes: [axis], keepDims: true });
  const isTop = builder.lower('or', [a.equal(x, top), a.not(a.isNumber(x))], {});
  const extent = x.shape[axis]!;
  const along = iota(builder, { shape: alongAxis(x.shape, axis), axis, dtype: 'i32' });
  const none = filled(builder, extent, 'int32');
  const candidates = a.where(isTop, broadcastTo(builder, along, x.shape), none);
  return builder.lower('reduceMin', [candidates], { axes: [axis], keepDims: false });
}

function cumsum(builder: KernelBuilder, x: Register, axis: number, reverse: boolean): Register {
  const { shape, dtype } = x;
  if (dtype !== 'float32' || !builder.has(cumsumName)) {
    return builder.call('Cumsum', { x }, { axis, exclusive: false, reverse }, x);
  }
  const extents = [sizeOf(shape.slice(0, axis)), shape[axis]!, sizeOf(shape.slice(axis + 1))];
  return builder.call(cumsumName, [x], { extents, reverse, shape }, x);
}

const alongAxis = (shape: Shape, axis: number): Shape => shape.map((extent, i) => (i === axis ? extent : 1));
