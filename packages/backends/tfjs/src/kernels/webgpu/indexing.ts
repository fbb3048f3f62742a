/** Primitives that read and write at indices, in WGSL. An index out of range reads NaN, or 0, and writes nothing. */
import { sizeOf, type Shape } from '@node-ode/core';
import type { KernelBuilder, Lowering, Register } from '../contract.ts';
import { element, filled } from './movement.ts';
import { wgsl } from './program.ts';

type Indexing = 'gather' | 'scatterAdd' | 'setRow' | 'argMax' | 'cumsum';

export const indexing: { readonly [P in Indexing]: Lowering<P> } = {
  gather: (builder, [x, indices], { params: { axis } }) => gather(builder, x!, indices!, axis),
  scatterAdd: (builder, [updates, indices], { params: { axis, size } }) =>
    scatterAdd(builder, updates!, indices!, axis, size),
  setRow: (builder, [buffer, index, row]) => setRow(builder, buffer!, index!, row!),
  argMax: (builder, [x], { params: { axis } }) => argMax(builder, x!, axis),
  cumsum: (builder, [x], { params: { axis, reverse } }) => cumsum(builder, x!, axis, reverse),
};

function gather(builder: KernelBuilder, x: Register, indices: Register, axis: number): Register {
  const { dtype } = x;
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const none = dtype === 'float32' ? NaN : 0;
  const extent = x.shape[axis]!;
  if (extent === 0) return filled(builder, none, shape, dtype);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const count = sizeOf(indices.shape);
  const body = `
let line = index / ${inner};
let at = B[line % ${count}];
if (at >= 0 && at < ${extent}) {
  result[index] = A[(line / ${count} * ${extent} + at) * ${inner} + index % ${inner}];
} else { result[index] = ${element(none, dtype)}; }`;
  return wgsl(builder, [x, indices], body, { shape, dtype });
}

/** Each sum looks for its updates, in their order: no result depends on which of them comes first. */
function scatterAdd(
  builder: KernelBuilder,
  updates: Register,
  indices: Register,
  axis: number,
  size: number,
): Register {
  const { dtype } = updates;
  const rest = updates.shape.slice(axis + indices.shape.length);
  const shape = [...updates.shape.slice(0, axis), size, ...rest];
  if (sizeOf(updates.shape) === 0) return filled(builder, 0, shape, dtype);
  const inner = sizeOf(rest);
  const count = sizeOf(indices.shape);
  const body = `
let line = index / ${inner};
let slot = line % ${size};
let start = line / ${size} * ${count};
var sum = ${element(0, dtype)};
for (var k = 0; k < ${count}; k++) {
  if (B[k] == slot) { sum += A[(start + k) * ${inner} + index % ${inner}]; }
}
result[index] = sum;`;
  return wgsl(builder, [updates, indices], body, { shape, dtype });
}

function setRow(builder: KernelBuilder, buffer: Register, index: Register, row: Register): Register {
  const count = sizeOf(index.shape);
  if (count === 0) return buffer;
  const inner = sizeOf(buffer.shape.slice(1));
  const body = `
let at = index / ${inner};
var value = A[index];
for (var k = 0; k < ${count}; k++) {
  if (B[k] == at) { value = C[k * ${inner} + index % ${inner}]; }
}
result[index] = value;`;
  return wgsl(builder, [buffer, index, row], body, buffer);
}

/** Lines along an axis: where `line` starts, and how far its elements are apart. */
function lines(
  shape: Shape,
  axis: number,
): { readonly start: string; readonly inner: number; readonly extent: number } {
  const inner = sizeOf(shape.slice(axis + 1));
  const extent = shape[axis]!;
  return { start: `let start = index / ${inner} * ${extent * inner} + index % ${inner};`, inner, extent };
}

/** The first index of the largest element, or of the first NaN. */
function argMax(builder: KernelBuilder, x: Register, axis: number): Register {
  const { start, inner, extent } = lines(x.shape, axis);
  const shape = x.shape.filter((_, i) => i !== axis);
  const isFloat = x.dtype === 'float32';
  const body = `
${start}
var best = 0;
var top = A[start];
for (var k = 1; k < ${extent}${isFloat ? ' && !isnan(top)' : ''}; k++) {
  let candidate = A[start + k * ${inner}];
  if (candidate > top${isFloat ? ' || isnan(candidate)' : ''}) { best = k; top = candidate; }
}
result[index] = best;`;
  return wgsl(builder, [x], body, { shape, dtype: 'int32' });
}

function cumsum(builder: KernelBuilder, x: Register, axis: number, reverse: boolean): Register {
  const { start, inner, extent } = lines(x.shape, axis);
  const body = `
${start}
var sum = ${element(0, x.dtype)};
for (var k = 0; k < ${extent}; k++) {
  let at = start + ${reverse ? `(${extent - 1} - k)` : 'k'} * ${inner};
  sum += A[at];
  result[at] = sum;
}`;
  return wgsl(builder, [x], body, x, sizeOf(x.shape) / extent);
}
