/** Extents cut into parts of one size, with a smaller one at the end if need be. */
import { countUp, get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { whole, type Span } from '../matmul/span.ts';

export interface Cut {
  readonly extent: number;
  readonly size: number;
}

/** A part while code for it is written. */
export interface Part {
  /** Its first index, and the one behind its last. */
  readonly start: Local;
  readonly end: Code;
  /** The size of all parts, or the last one's too if it is smaller. */
  readonly sizes: readonly [size: number] | readonly [size: number, last: number];
  /** Whether it is not the smaller one. */
  readonly isFull: Code;
}

/** Parts of about the same size, at most `most`, each but the last a multiple of `unit`. */
export function evenCut(extent: number, most: number, unit = 1): Cut {
  const parts = Math.ceil(extent / Math.max(unit, most - (most % unit)));
  return { extent, size: Math.min(extent, Math.ceil(extent / parts / unit) * unit) };
}

/** An extent that is not cut, as its only part. */
export const wholePart = (f: FunctionBuilder, extent: number): Part => ({
  start: f.keep('i32', i32(0)),
  end: i32(extent),
  sizes: [extent],
  isFull: i32(1),
});

/** Runs `body` for each part in turn, or for those in a span of whole parts; without a loop if there is one. */
export function eachPart(
  f: FunctionBuilder,
  { extent, size }: Cut,
  body: (part: Part) => void,
  span: Span = whole(extent),
): void {
  if (size === extent) {
    body(wholePart(f, extent));
    return;
  }
  const start = f.local('i32');
  const rest = extent % size;
  const isFull = op('i32.le_u', get(start), i32(extent - size));
  const next = op('i32.add', get(start), i32(size));
  countUp(f, start, { start: span.first, end: span.end, step: size }, () => {
    if (rest === 0) body({ start, end: next, sizes: [size], isFull: i32(1) });
    else body({ start, end: op('select', next, i32(extent), isFull), sizes: [size, rest], isFull });
  });
}

/** Writes what is done for a part of each size: a choice if there are two. */
export function bySize(f: FunctionBuilder, { sizes: [size, last], isFull }: Part, body: (size: number) => void): void {
  if (last === undefined) {
    body(size);
    return;
  }
  f.emit(isFull).if(
    () => {
      body(size);
    },
    () => {
      body(last);
    },
  );
}
