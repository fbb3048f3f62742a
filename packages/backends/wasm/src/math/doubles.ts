/** Functions of f32 vectors that are computed in doubles. */
import { get, op, shuffle } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { Constants } from './types.ts';
import { Vectors } from './vectors.ts';

/** The upper half of the first vector below the lower half of the second. */
const upperFirst = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23];
/** The lower half of the first vector below the lower half of the second. */
const lowerHalves = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

/** The two halves of an f32 vector as doubles. */
export const toDoubles = (x: Code): readonly [Code, Code] => [
  op('f64x2.promote_low_f32x4', x),
  op('f64x2.promote_low_f32x4', shuffle(upperFirst, x, x)),
];

/** Two vectors of doubles rounded into one of f32. */
export const fromDoubles = (low: Code, high: Code): Code =>
  joinLow(op('f32x4.demote_f64x2_zero', low), op('f32x4.demote_f64x2_zero', high));

/** The lower halves of two vectors in one. */
export const joinLow = (low: Code, high: Code): Code => shuffle(lowerHalves, low, high);

/** Computes a function of two f32 vectors in doubles, one half after the other. */
export function inDoubles(
  f: FunctionBuilder,
  x: Local,
  y: Local,
  constant: Constants,
  compute: (v: Vectors, x: Code, y: Code) => Code,
): Local {
  const v = new Vectors(f, 'f64x2', constant);
  const ys = toDoubles(get(y));
  const halves = toDoubles(get(x)).map((half, k) => v.keep(compute(v, v.keep(half), v.keep(ys[k]!))));
  return v.local(fromDoubles(halves[0]!, halves[1]!));
}
