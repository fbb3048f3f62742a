/** Places in memory, and loops over rows that are a fixed number of bytes apart. */
import { sizeOf, type Shape } from '@node-ode/core';
import { countUp, get, i32, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder } from '../encoder/function.ts';

/** An address known when the code runs, plus bytes known now, which cost nothing: memory instructions add them. */
export interface Place {
  readonly address: Code;
  readonly offset: number;
}

/** The first row of many, and the bytes from each to the next. */
export interface Cursor {
  readonly start: Place;
  readonly stride: number;
}

export const placeOf = ({ address }: { readonly address: Code }): Place => ({ address, offset: 0 });

export const shifted = ({ address, offset }: Place, bytes: number): Place => ({ address, offset: offset + bytes });

/** Writes the address of a place. */
export const addressOf = ({ address, offset }: Place): Code =>
  offset === 0 ? address : op('i32.add', address, i32(offset));

/** The same place, its address in a variable: for places that are used more than once. */
export const anchored = (f: FunctionBuilder, place: Place): Place =>
  placeOf({ address: get(f.keep('i32', addressOf(place))) });

/** Where a tensor is, its address in a variable. */
export const baseOf = (f: FunctionBuilder, operand: { readonly address: Code }): Place => anchored(f, placeOf(operand));

/** Products of the extents before, of and behind `count` axes. */
export const around = (
  shape: Shape,
  axis: number,
  count = 1,
): { readonly outer: number; readonly extent: number; readonly inner: number } => ({
  outer: sizeOf(shape.slice(0, axis)),
  extent: sizeOf(shape.slice(axis, axis + count)),
  inner: sizeOf(shape.slice(axis + count)),
});

/** Up to this many moves stand one after the other, without a loop. */
export const straightMoves = 8;

/** Moves in one turn of a loop. */
const movesPerTurn = 4;

/**
 * Writes `body` for each of `count` rows, the last one first if `reverse`: one after the other while that is short, else as
 * a loop of a few rows a turn. `cost` is about how many moves (of up to 16 bytes) one body is. Rows of all cursors are
 * visited in step.
 *
 * @example
 * // Copies 16 bytes to every row of 24.
 * forEachRow(f, { count: 100, cost: 1 }, [{ start: to, stride: 24 }], (row) => copyRun(f, row, from, 16));
 */
export function forEachRow<const C extends readonly Cursor[]>(
  f: FunctionBuilder,
  { count, cost, reverse = false }: { readonly count: number; readonly cost: number; readonly reverse?: boolean },
  cursors: C,
  body: (...rows: { readonly [K in keyof C]: Place }) => void,
): void {
  const starts = cursors.map(({ start }) => start);
  const straight = (from: readonly Place[], first: number, n: number): void => {
    for (let k = 0; k < n; k++) {
      const row = first + (reverse ? n - 1 - k : k);
      const places = from.map((place, c) => shifted(place, row * cursors[c]!.stride));
      body(...(places as { readonly [K in keyof C]: Place }));
    }
  };
  if (count <= 1 || count * cost <= straightMoves) {
    straight(starts, 0, count);
    return;
  }
  const perTurn = Math.max(1, Math.floor(movesPerTurn / cost));
  const rest = count % perTurn;
  const pointers = cursors.map(({ start, stride }) =>
    f.keep('i32', addressOf(reverse ? shifted(start, (count - perTurn) * stride) : start)),
  );
  const turn = f.local('i32');
  countUp(f, turn, { start: i32(0), end: i32((count - rest) / perTurn), step: 1 }, () => {
    straight(
      pointers.map((pointer) => placeOf({ address: get(pointer) })),
      0,
      perTurn,
    );
    cursors.forEach(({ stride }, c) => {
      f.emit(op(reverse ? 'i32.sub' : 'i32.add', get(pointers[c]!), i32(perTurn * stride))).set(pointers[c]!);
    });
  });
  straight(starts, reverse ? 0 : count - rest, rest);
}
