/** Which indices of an extent code works on: all of them, or one block of several. */
import { countTo, countUp, get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';

/** Indices `first` … `end` − 1: i32 expressions without side effects. */
export interface Span {
  readonly first: Code;
  readonly end: Code;
  /** Whether these are all indices. */
  readonly isWhole: boolean;
}

export const whole = (extent: number): Span => ({ first: i32(0), end: i32(extent), isWhole: true });

/** The smaller of an i32 expression without side effects and a number. */
export const atMost = (value: Code, most: number): Code =>
  op('select', value, i32(most), op('i32.lt_u', value, i32(most)));

/** Block number `block` of those that cut `extent` indices into pieces of `size`. */
export function spanOfBlock(f: FunctionBuilder, extent: number, size: number, block: Code): Span {
  if (size >= extent) return whole(extent);
  const first = get(f.keep('i32', op('i32.mul', block, i32(size))));
  const end = get(f.keep('i32', atMost(op('i32.add', first, i32(size)), extent)));
  return { first, end, isWhole: false };
}

/** Runs `body` for each index of a span of so many. */
export function eachIndex(f: FunctionBuilder, extent: number, span: Span, body: (index: Local) => void): void {
  if (span.isWhole) {
    countTo(f, extent, body);
    return;
  }
  const index = f.local('i32');
  countUp(f, index, { start: span.first, end: span.end, step: 1 }, () => {
    body(index);
  });
}

/** Where a span begins in a matrix at `start` whose rows or columns are `bytes` apart. */
export const spanStart = (f: FunctionBuilder, start: Local, { first, isWhole }: Span, bytes: number): Local =>
  isWhole ? start : f.keep('i32', op('i32.add', get(start), op('i32.mul', first, i32(bytes))));

/** Writes `body` for blocks of `size` and, if the last one of them is smaller, once more for that one. */
export function bySize(
  f: FunctionBuilder,
  { first, extent, size }: { readonly first: Code; readonly extent: number; readonly size: number },
  body: (size: number) => void,
): void {
  const last = extent % size;
  if (last === 0) {
    body(size);
    return;
  }
  f.emit(first)
    .i32(extent - last)
    .op('i32.lt_u');
  f.if(
    () => {
      body(size);
    },
    () => {
      body(last);
    },
  );
}
