/** Primitives that read and write at indices, in WGSL. An index out of range reads NaN, or 0, and writes nothing. */
import { sizeOf, type Shape } from '@node-ode/core';
import type { KernelBuilder, Register } from '../contract.ts';
import { indexingLowerings } from '../indexing-lowerings.ts';
import { code, element, whole, type Code, type Uniform } from './code.ts';
import { filled } from './movement.ts';
import { wgsl } from './program.ts';

export const indexing = indexingLowerings({ gather, scatterAdd, setRow, argMax, cumsum });

function gather(builder: KernelBuilder, x: Register, indices: Register, axis: number): Register {
  const { dtype } = x;
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const none = dtype === 'float32' ? NaN : 0;
  if (x.shape[axis] === 0) return filled(builder, none, shape, dtype);
  const extent = whole(x.shape[axis]!);
  const inner = whole(sizeOf(x.shape.slice(axis + 1)));
  const count = whole(sizeOf(indices.shape));
  const body = code`
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
  const inner = whole(sizeOf(rest));
  const count = whole(sizeOf(indices.shape));
  const slots = whole(size);
  const body = code`
let line = index / ${inner};
let slot = line % ${slots};
let start = line / ${slots} * ${count};
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
  const inner = whole(sizeOf(buffer.shape.slice(1)));
  const body = code`
let at = index / ${inner};
var value = A[index];
for (var k = 0; k < ${count}; k++) {
  if (B[k] == at) { value = C[k * ${inner} + index % ${inner}]; }
}
result[index] = value;`;
  return wgsl(builder, [buffer, index, row], body, buffer);
}

interface Lines {
  readonly start: Code;
  readonly inner: Uniform;
  readonly extent: Uniform;
}

/** Lines along an axis: where line `index` starts, how far its elements are apart, and how many they are. */
function lines(shape: Shape, axis: number): Lines {
  const inner = whole(sizeOf(shape.slice(axis + 1)));
  const extent = whole(shape[axis]!);
  return { start: code`let start = index / ${inner} * ${inner} * ${extent} + index % ${inner};`, inner, extent };
}

/** The first index of the largest element, or of the first NaN. */
function argMax(builder: KernelBuilder, x: Register, axis: number): Register {
  const { start, inner, extent } = lines(x.shape, axis);
  const shape = x.shape.filter((_, i) => i !== axis);
  const isFloat = x.dtype === 'float32';
  const body = code`
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
  const body = code`
${start}
var sum = ${element(0, x.dtype)};
for (var k = 0; k < ${extent}; k++) {
  let at = start + ${reverse ? code`(${extent} - 1 - k)` : 'k'} * ${inner};
  sum += A[at];
  result[at] = sum;
}`;
  return wgsl(builder, [x], body, x, sizeOf(x.shape) / extent.value);
}
