/** Which rows of a product code computes: all of them, or one block of several. */
import { get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';

/** Rows `first` … `end` − 1: i32 expressions without side effects. */
export interface RowRange {
  readonly first: Code;
  readonly end: Code;
  /** Whether `first` is 0. */
  readonly isFromStart: boolean;
}

export const allRows = (m: number): RowRange => ({ first: i32(0), end: i32(m), isFromStart: true });

/** The rows of block number `block` of those that cut `m` rows into pieces of `blockRows`. */
export function rowsOfBlock(f: FunctionBuilder, m: number, blockRows: number, block: Local): RowRange {
  const first = f.keep('i32', op('i32.mul', get(block), i32(blockRows)));
  const behind = op('i32.add', get(first), i32(blockRows));
  const end = f.keep('i32', op('select', behind, i32(m), op('i32.lt_u', behind, i32(m))));
  return { first: get(first), end: get(end), isFromStart: false };
}

/** Where the first of the rows begins in a matrix at `start` whose rows are `bytes` apart. */
export const rowAddress = (start: Local, { first, isFromStart }: RowRange, bytes: number): Code =>
  isFromStart ? get(start) : op('i32.add', get(start), op('i32.mul', first, i32(bytes)));
