/** Primitives that move elements, in WGSL: as they are stored, at any rank. */
import { sizeOf, type DataParams, type Shape } from '@node-ode/core';
import type { KernelBuilder, Lowering, Register, TfDType } from '../contract.ts';
import { code, element, joined, whole } from './code.ts';
import { castTo, select } from './elementwise.ts';
import { broadcastStrides, coordinate, offset, stridesOf } from './index-expressions.ts';
import { mostOperands, wgsl } from './program.ts';

type Movement = 'cast' | 'select' | 'broadcastTo' | 'transpose' | 'slice' | 'pad' | 'concat';

const names = { f32: 'float32', i32: 'int32', bool: 'bool' } as const;

export const movement: { readonly [P in Movement]: Lowering<P> } = {
  cast: (builder, [x], { params: { dtype } }) => (dtype === 'f64' ? x! : castTo(builder, x!, names[dtype])),
  select: (builder, inputs) => select(builder, inputs),
  broadcastTo: (builder, [x], { params: { shape } }) => picked(builder, x!, shape, broadcastStrides(x!.shape, shape)),
  transpose: (builder, [x], { params: { perm } }) => {
    const strides = stridesOf(x!.shape);
    return picked(
      builder,
      x!,
      perm.map((axis) => x!.shape[axis]!),
      perm.map((axis) => strides[axis]!),
    );
  },
  slice: (builder, [x], { params: { starts, sizes } }) => {
    const strides = stridesOf(x!.shape);
    return picked(
      builder,
      x!,
      sizes,
      strides,
      starts.reduce((sum, start, axis) => sum + start * strides[axis]!, 0),
    );
  },
  pad: (builder, [x], { params }) => pad(builder, x!, params),
  concat: (builder, inputs, { params: { axis } }) => concat(builder, inputs, axis),
};

/** The elements at a start and multiples of strides. */
function picked(builder: KernelBuilder, x: Register, shape: Shape, strides: readonly number[], start = 0): Register {
  const at = offset('index', shape, strides);
  return wgsl(builder, [x], code`result[index] = A[${start} + ${at}];`, {
    shape,
    dtype: x.dtype,
  });
}

/** One number everywhere. */
export const filled = (builder: KernelBuilder, value: number, shape: Shape, dtype: TfDType): Register =>
  wgsl(builder, [], code`result[index] = ${element(value, dtype)};`, { shape, dtype });

function pad(builder: KernelBuilder, x: Register, { before, after, value }: DataParams['pad']): Register {
  const shape = x.shape.map((extent, axis) => before[axis]! + extent + after[axis]!);
  if (sizeOf(x.shape) === 0) return filled(builder, value, shape, x.dtype);
  const own = stridesOf(x.shape);
  const padded = stridesOf(shape);
  const total = sizeOf(shape);
  const steps = shape.map((extent, axis) => {
    const at = `at${axis.toString()}`;
    const place = coordinate('index', padded[axis]!, extent, total);
    const isPadded = extent !== x.shape[axis];
    const inside = isPadded ? code`inside = inside && ${at} >= 0 && ${at} < ${x.shape[axis]!};` : '';
    return code`let ${at} = ${place} - ${before[axis]!}; ${inside} source += ${at} * ${own[axis]!};`;
  });
  const body = code`
var inside = true; var source = 0;
${joined(steps, '\n')}
if (inside) { result[index] = A[source]; } else { result[index] = ${element(value, x.dtype)}; }`;
  return wgsl(builder, [x], body, { shape, dtype: x.dtype });
}

/** Joins tensors along an axis; empty ones are left out, and as many at a time as a shader can have. */
function concat(builder: KernelBuilder, inputs: readonly Register[], axis: number): Register {
  const parts = inputs.filter(({ shape }) => sizeOf(shape) > 0);
  if (parts.length === 1) return parts[0]!;
  if (parts.length > mostOperands) {
    const groups: Register[] = [];
    for (let i = 0; i < parts.length; i += mostOperands) {
      groups.push(concat(builder, parts.slice(i, i + mostOperands), axis));
    }
    return concat(builder, groups, axis);
  }
  const first = parts[0]!;
  const extent = parts.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const shape = first.shape.map((n, i) => (i === axis ? extent : n));
  const inner = sizeOf(shape.slice(axis + 1));
  let start = 0;
  const branches = parts.map(({ shape: own }, i) => {
    const from = start;
    start += own[axis]!;
    const row = own[axis]! * inner;
    const source = code`${'ABCDEFG'[i] ?? ''}[outer * ${row} + rest - ${from * inner}]`;
    return code`if (rest < ${start * inner}) { result[index] = ${source}; }`;
  });
  const line = whole(extent * inner);
  const body = code`
let outer = index / ${line};
let rest = index - outer * ${line};
${joined(branches, ' else ')}`;
  return wgsl(builder, parts, body, { shape, dtype: first.dtype });
}
