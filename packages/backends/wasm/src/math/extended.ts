/** Sums and products of doubles without rounding errors, as pairs of doubles. */
import type { Code } from '../encoder/function.ts';
import type { Vectors } from './vectors.ts';

/** An unevaluated sum: `tail` is what rounding took from `head`. */
export interface Pair {
  readonly head: Code;
  readonly tail: Code;
}

/** The upper 26 bits of a double's mantissa, and the rest: products of such parts are exact. No factor that could overflow. */
function split(v: Vectors, x: Code): Pair {
  const head = v.keep(v.shiftLeft(v.shiftRight(x, 27), 27));
  return { head, tail: v.keep(v.sub(x, head)) };
}

/** The product of two kept doubles, exact within their range (T. J. Dekker, 1971). */
export function exactProduct(v: Vectors, a: Code, b: Code): Pair {
  const [p, q] = [split(v, a), split(v, b)];
  const head = v.keep(v.mul(a, b));
  const upper = v.add(v.sub(v.mul(p.head, q.head), head), v.mul(p.head, q.tail));
  return { head, tail: v.keep(v.add(v.add(upper, v.mul(p.tail, q.head)), v.mul(p.tail, q.tail))) };
}

/** The sum of two kept doubles, exact where |a| ≥ |b| or a = 0 (T. J. Dekker, 1971). */
export function exactSum(v: Vectors, a: Code, b: Code): Pair {
  const head = v.keep(v.add(a, b));
  return { head, tail: v.keep(v.sub(b, v.sub(head, a))) };
}
