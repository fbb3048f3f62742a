/** Kernels that make a tensor of whole runs: concat, pad, iota. */
import { sizeOf, type PrimitiveParams, type Shape } from '@node-ode/core';
import { elementBytes, scalarType } from '../compile/types.ts';
import { get, op, splat, f32, f64, i32 } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { Kernel } from './kernel.ts';
import { around, baseOf, forEachRow, placeOf, shifted, type Cursor, type Place } from './rows.ts';
import { copyRows, copyRun, elementOps, filler, fillRun, movesOf, storeTo, type Filler } from './runs.ts';

export const concat: Kernel<'concat'> = (f, { axis }, inputs, output) => {
  const bytesOf = (shape: Shape): { outer: number; run: number } => {
    const { outer, extent, inner } = around(shape, axis);
    return { outer, run: extent * inner * elementBytes(output.dtype) };
  };
  const { outer, run: stride } = bytesOf(output.shape);
  const to = baseOf(f, output);
  let offset = 0;
  for (const input of inputs) {
    const { run } = bytesOf(input.shape);
    copyRows(f, outer, { start: shifted(to, offset), stride }, { start: placeOf(input), stride: run }, run);
    offset += run;
  }
};

export const pad: Kernel<'pad'> = (f, params, inputs, output) => {
  const x = inputs[0]!;
  const to = baseOf(f, output);
  const fill = filler(f, output.dtype, params.value);
  const size = elementBytes(output.dtype);
  if (sizeOf(x.shape) === 0) {
    fill(to, sizeOf(output.shape) * size);
    return;
  }
  const source = f.keep('i32', x.address);
  padAxes(f, paddedAxes(x.shape, params, size), fill, to, source);
};

/** Bytes of one axis of a padded tensor: those before and behind the operand, and `count` blocks of the operand, each `stride` apart. */
interface PaddedAxis {
  readonly before: number;
  readonly count: number;
  readonly stride: number;
  readonly after: number;
}

/** The axes from outside to inside; those without padding are part of the axis before them, or of its elements. */
function paddedAxes(
  shape: Shape,
  { before, after }: PrimitiveParams['pad'],
  elementSize: number,
): readonly PaddedAxis[] {
  const axes: PaddedAxis[] = [];
  let [stride, count] = [elementSize, 1]; // of the unpadded axes since the last padded one
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const [ahead, behind] = [before[axis]!, after[axis]!];
    count *= shape[axis]!;
    if (ahead === 0 && behind === 0) continue;
    const block = (stride * count) / shape[axis]!;
    axes.unshift({ before: ahead * block, count, stride, after: behind * block });
    stride = (ahead + behind) * block + stride * count;
    count = 1;
  }
  return [{ before: 0, count, stride, after: 0 }, ...axes];
}

/** Writes the padded tensor from its first byte to its last, while `source` moves along the operand. */
function padAxes(f: FunctionBuilder, axes: readonly PaddedAxis[], fill: Filler, to: Place, source: Local): void {
  const [{ before, count, stride, after }, ...inner] = axes as readonly [PaddedAxis, ...PaddedAxis[]];
  const start = shifted(to, before);
  fill(to, before);
  if (inner.length === 0) {
    copyRun(f, start, placeOf({ address: get(source) }), count * stride);
    f.emit(op('i32.add', get(source), i32(count * stride))).set(source);
  } else {
    forEachRow(f, { count, cost: inner.reduce(movesOfAxis, 0) }, [{ start, stride }], (row) => {
      padAxes(f, inner, fill, row, source);
    });
  }
  fill(shifted(start, count * stride), after);
}

const movesOfAxis = (moves: number, { before, count, stride, after }: PaddedAxis): number =>
  moves + movesOf(before) + movesOf(count * stride) + movesOf(after);

export const iota: Kernel<'iota'> = (f, { shape, axis, dtype }, _, output) => {
  const { outer, extent, inner } = around(shape, axis);
  const to = baseOf(f, output);
  const run = inner * elementBytes(dtype);
  if (inner === 1) ramp(f, scalarType(dtype), to, extent);
  else steps(f, scalarType(dtype), { start: to, stride: run }, extent);
  // What stands along the first axes is the same again and again.
  const block = extent * run;
  forEachRow(f, { count: outer - 1, cost: movesOf(block) }, [{ start: shifted(to, block), stride: block }], (row) => {
    copyRun(f, row, to, block);
  });
};

type Counted = 'f32' | 'f64' | 'i32';

/** Vectors of counts: i32 as they are, so that each becomes a float by one rounding. */
const counts: { readonly [D in Counted]: { readonly lanes: number; readonly from: (vector: Code) => Code } } = {
  f32: { lanes: 4, from: (vector) => op('f32x4.convert_i32x4_s', vector) },
  f64: { lanes: 2, from: (vector) => op('f64x2.convert_low_i32x4_s', vector) },
  i32: { lanes: 4, from: (vector) => vector },
};

const numberOf: { readonly [D in Counted]: (value: number) => Code } = { f32, f64, i32 };

/** 0, 1, 2, …, one after the other. */
function ramp(f: FunctionBuilder, dtype: Counted, to: Place, extent: number): void {
  const { lanes, from } = counts[dtype];
  const size = 16 / lanes;
  const vectors = Math.floor(extent / lanes);
  if (vectors > 0) {
    const first = new Uint8Array(Int32Array.of(0, 1, 2, 3).buffer);
    const count = f.keep('v128', (g) => {
      g.v128(first);
    });
    forEachRow(f, { count: vectors, cost: 1 }, [{ start: to, stride: 16 }], (place) => {
      storeTo(f, 'v128.store', place, from(get(count)));
      f.emit(op('i32x4.add', get(count), splat('i32x4', lanes))).set(count);
    });
  }
  for (let i = vectors * lanes; i < extent; i++) {
    storeTo(f, elementOps[dtype].store, shifted(to, i * size), numberOf[dtype](i));
  }
}

/** Rows of zeros, ones, twos, …. */
function steps(f: FunctionBuilder, dtype: Counted, rows: Cursor, extent: number): void {
  const count = f.keep('v128', splat('i32x4', 0));
  const row = f.local('v128');
  forEachRow(f, { count: extent, cost: movesOf(rows.stride) + 1 }, [rows], (place) => {
    f.emit(counts[dtype].from(get(count))).set(row);
    fillRun(f, place, row, rows.stride);
    f.emit(op('i32x4.add', get(count), splat('i32x4', 1))).set(count);
  });
}
