/** Loops over the elements of a window. */
import { get, i32, op } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import { advance, repeat } from '../matmul/vector.ts';
import type { Tap } from './axis.ts';
import type { Source } from './source.ts';

/** Up to so many moves stand one after the other, without a loop. */
const straightMoves = 36;

/** Bytes from what the tap with offsets 0 meets to what each tap of a window does: rows that are the same but for their starts. */
export type TapOffsets = readonly (readonly number[])[];

export const tapOffsets = (source: Source, down: readonly Tap[], across: readonly Tap[]): TapOffsets =>
  down.map((y) => across.map((x) => source.tap(y.offset, x.offset)));

/** What is done with each tap of a window. */
export interface TapVisitor {
  /** About how many moves a visit is. */
  readonly cost: number;
  /** Writes what is done with the tap at `pointer` + `offset`; it is the index-th since `visited` was last called. */
  readonly visit: (pointer: Local, offset: number, index: number) => void;
  /** Follows each run of visits that stand one after the other. */
  readonly visited?: (count: number) => void;
}

/** Visits the taps of a window, row by row; `at` is the address that offsets count from. */
export function eachTap(
  f: FunctionBuilder,
  offsets: TapOffsets,
  at: Local,
  { cost, visit, visited }: TapVisitor,
): void {
  const straight = (pointer: Local, run: readonly number[]): void => {
    const least = Math.min(...run);
    // Offsets of instructions are not negative.
    const from = least < 0 ? f.keep('i32', op('i32.add', get(pointer), i32(least))) : pointer;
    run.forEach((offset, index) => {
      visit(from, least < 0 ? offset - least : offset, index);
    });
    visited?.(run.length);
  };
  const taps = offsets.flat();
  if (taps.length * cost <= straightMoves) {
    straight(at, taps);
    return;
  }
  const [first = [], second = first] = offsets;
  const row = f.keep('i32', get(at));
  repeat(f, offsets.length, () => {
    const step = (first[1] ?? 0) - (first[0] ?? 0);
    const isEven = first.every((offset, j) => offset === first[0]! + j * step);
    if (!isEven || first.length * cost <= straightMoves) straight(row, first);
    else {
      const tap = f.keep('i32', op('i32.add', get(row), i32(first[0]!)));
      repeat(f, first.length, () => {
        visit(tap, 0, 0);
        visited?.(1);
        advance(f, tap, step);
      });
    }
    advance(f, row, second[0]! - first[0]!);
  });
}
