/** Lowerings of what makes or moves elements. */
import { allocate, hostArray, sameShape, sizeOf, type DataParams, type Shape } from '@node-ode/core';
import { tfDType } from '../dtypes.ts';
import { filled } from './arithmetic.ts';
import type { KernelBuilder, Lowering, Register } from './contract.ts';
import { stridedName } from './in-memory/strided.ts';
import { broadcastSteps, merged, ownSteps } from './in-memory/strides.ts';
import { mostAxes } from './many-axes.ts';

type Movement = 'constant' | 'iota' | 'reshape' | 'broadcastTo' | 'transpose' | 'slice' | 'pad' | 'concat' | 'size';

export const movement: { readonly [P in Movement]: Lowering<P> } = {
  constant: (builder, _, { params: { value, shape, dtype } }) =>
    filled(builder, value, tfDType('constant', dtype), shape),
  iota: (builder, _, { params }) => iota(builder, params),
  size: (builder, [x], { params: { axes } }) => filled(builder, sizeOf(axes.map((axis) => x!.shape[axis]!)), x!.dtype),
  reshape: (builder, [x], { params: { shape } }) => reshape(builder, x!, shape),
  broadcastTo: (builder, [x], { params: { shape } }) => broadcastTo(builder, x!, shape),
  transpose: (builder, [x], { params: { perm } }) => transpose(builder, x!, perm),
  slice: (builder, [x], { params: { starts, sizes } }) => {
    if (sameShape(sizes, x!.shape)) return x!;
    const result = { shape: sizes, dtype: x!.dtype };
    return builder.call('Slice', { x: x! }, { begin: [...starts], size: [...sizes] }, result);
  },
  pad: (builder, [x], { params }) => pad(builder, x!, params),
  concat: (builder, inputs, { params: { axis } }) => concat(builder, inputs, axis),
};

/** 0, 1, 2, … along an axis. */
export function iota(builder: KernelBuilder, { shape, axis, dtype }: DataParams['iota']): Register {
  const data = allocate(dtype, sizeOf(shape));
  const inner = sizeOf(shape.slice(axis + 1));
  for (let i = 0; i < data.length; i++) data[i] = Math.floor(i / inner) % shape[axis]!;
  return builder.constant(hostArray(data, shape, dtype));
}

/** The same elements in another shape. */
export function reshape(builder: KernelBuilder, x: Register, shape: Shape): Register {
  if (sameShape(shape, x.shape)) return x;
  if (x.splat !== undefined) return filled(builder, x.splat, x.dtype, shape);
  return builder.call('Reshape', { x }, { shape: [...shape] }, { shape, dtype: x.dtype });
}

/** Repeats elements along axes that are 1 or missing. */
export function broadcastTo(builder: KernelBuilder, x: Register, shape: Shape): Register {
  if (sameShape(shape, x.shape)) return x;
  if (x.splat !== undefined) return filled(builder, x.splat, x.dtype, shape);
  const missing = new Array<number>(shape.length - x.shape.length).fill(1);
  const aligned = reshape(builder, x, [...missing, ...x.shape]);
  if (sameShape(aligned.shape, shape)) return aligned;
  if (builder.has(stridedName)) return strided(builder, x, broadcastSteps(x.shape, shape), shape);
  const reps = shape.map((extent, axis) => (aligned.shape[axis] === extent ? 1 : extent));
  return builder.call('Tile', { x: aligned }, { reps }, { shape, dtype: x.dtype });
}

/** Output axis i is input axis `perm[i]`. */
export function transpose(builder: KernelBuilder, x: Register, perm: readonly number[]): Register {
  const shape = perm.map((axis) => x.shape[axis]!);
  // Where only axes of extent 1 change places, no element moves.
  const moved = perm.filter((axis) => x.shape[axis] !== 1);
  if (moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)) return reshape(builder, x, shape);
  if (builder.has(stridedName)) {
    const own = ownSteps(x.shape);
    return strided(
      builder,
      x,
      perm.map((axis) => own[axis]!),
      shape,
    );
  }
  return builder.call('Transpose', { x }, { perm: [...perm] }, { shape, dtype: x.dtype });
}

/** Elements read by these steps along the axes of a shape, by our own kernel. */
function strided(builder: KernelBuilder, x: Register, along: readonly number[], shape: Shape): Register {
  const {
    extents,
    steps: [steps],
  } = merged({ extents: shape, steps: [along] });
  return builder.call(stridedName, [x], { extents, steps, shape }, { shape, dtype: x.dtype });
}

function pad(builder: KernelBuilder, x: Register, { before, after, value }: DataParams['pad']): Register {
  const paddings = before.map((width, axis) => [width, after[axis]!]);
  const shape = x.shape.map((extent, axis) => before[axis]! + extent + after[axis]!);
  if (sameShape(shape, x.shape)) return x;
  if (sizeOf(x.shape) === 0) return filled(builder, value, x.dtype, shape);
  if (shape.length > mostAxes) return padAxisByAxis(builder, x, { before, after, value });
  return builder.call('PadV2', { x }, { paddings, constantValue: value }, { shape, dtype: x.dtype });
}

/** Pads one axis after the other, the axes before it as rows and those behind it as part of its elements. */
function padAxisByAxis(builder: KernelBuilder, x: Register, { before, after, value }: DataParams['pad']): Register {
  return before.reduce((padded, width, axis) => {
    const inner = sizeOf(padded.shape.slice(axis + 1));
    const rows = reshape(builder, padded, [sizeOf(padded.shape.slice(0, axis)), padded.shape[axis]! * inner]);
    const ends = { before: [0, width * inner], after: [0, after[axis]! * inner], value };
    const shape = padded.shape.map((extent, i) => (i === axis ? width + extent + after[axis]! : extent));
    return reshape(builder, pad(builder, rows, ends), shape);
  }, x);
}

/** Joins tensors along an axis. Empty ones are left out: not every backend takes them. */
export function concat(builder: KernelBuilder, inputs: readonly Register[], axis: number): Register {
  const parts = inputs.filter(({ shape }) => sizeOf(shape) > 0);
  const [first] = parts;
  if (parts.length === 1) return first!;
  const extent = parts.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const shape = first!.shape.map((n, i) => (i === axis ? extent : n));
  return builder.call('Concat', parts, { axis }, { shape, dtype: first!.dtype });
}
