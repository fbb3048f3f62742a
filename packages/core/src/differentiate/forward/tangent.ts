/** Tangents, and how values and their tangents share one list of operands or results. */
import type { Traced } from '../../tensor/trace.ts';
import { materialize } from '../accumulate.ts';

/** The derivative of a value along a direction, of the value's type: null is a zero that nobody computes. */
export type Tangent = Traced | null;

/** For each of some values, whether it has a tangent. */
export type Moves = readonly boolean[];

/** A list in segments. In each the values stand first, then the tangents of those that move. */
export type Segments = readonly Moves[];

export const movesOf = (tangents: readonly Tangent[]): Moves => tangents.map((tangent) => tangent !== null);

export const countMoves = (moves: Moves): number => moves.filter((isMoving) => isMoving).length;

/** Values and tangents as one list. */
export function join<T>(segments: Segments, values: readonly T[], tangents: readonly (T | null)[]): readonly T[] {
  const joined: T[] = [];
  let start = 0;
  for (const moves of segments) {
    joined.push(...values.slice(start, start + moves.length));
    moves.forEach((isMoving, i) => {
      if (isMoving) joined.push(tangents[start + i] as T);
    });
    start += moves.length;
  }
  return joined;
}

/** The values of such a list, and for each its tangent or null. */
export function split<T>(
  segments: Segments,
  joined: readonly T[],
): { readonly values: readonly T[]; readonly tangents: readonly (T | null)[] } {
  const values: T[] = [];
  const tangents: (T | null)[] = [];
  let next = 0;
  for (const moves of segments) {
    values.push(...joined.slice(next, next + moves.length));
    next += moves.length;
    for (const isMoving of moves) tangents.push(isMoving ? (joined[next++] as T) : null);
  }
  return { values, tangents };
}

/** A tangent for each value that moves, zeros where none is known; null for the others. */
export const fill = (moves: Moves, tangents: readonly Tangent[], like: readonly Traced[]): readonly Tangent[] =>
  like.map((x, i) => (moves[i] === true ? materialize(tangents[i] ?? null, x) : null));
