/** x to the power y. */
import { get, op } from '../encoder/code.ts';
import type { Code } from '../encoder/function.ts';
import { ln2, powExpSeries, powLogSeries } from './coefficients.ts';
import { inDoubles } from './doubles.ts';
import { reduceExponential } from './exponential.ts';
import { normalize, splitNumber } from './logarithm.ts';
import type { VectorFunction2 } from './types.ts';
import { vectors, type Vectors } from './vectors.ts';

/** An unevaluated sum: `tail` is what rounding took from `head`. */
interface Sum {
  readonly head: Code;
  readonly tail: Code;
}

/** The upper 26 bits of a double's mantissa and the rest: products of two such parts are exact. */
function split(v: Vectors, x: Code): Sum {
  const head = v.keep(v.shiftLeft(v.shiftRight(x, 27), 27));
  return { head, tail: v.keep(v.sub(x, head)) };
}

/** The product of two kept doubles, exact unless it leaves their range (Dekker 1971). */
export function exactProduct(v: Vectors, a: Code, b: Code): Sum {
  const [p, q] = [split(v, a), split(v, b)];
  const head = v.keep(v.mul(a, b));
  const crossed = v.add(v.sub(v.mul(p.head, q.head), head), v.mul(p.head, q.tail));
  return { head, tail: v.add(v.add(crossed, v.mul(p.tail, q.head)), v.mul(p.tail, q.tail)) };
}

/** a + b for |a| ≥ |b| or a = 0, exact. */
function exactSum(v: Vectors, a: Code, b: Code): Sum {
  const head = v.keep(v.add(a, b));
  return { head, tail: v.sub(b, v.sub(head, a)) };
}

/**
 * log x of a kept x ≥ 0, in doubles. `precise`: as a sum that is within 2⁻⁵⁸ of it, because y multiplies its error; else as a
 * double. The limits at 0 and ∞, and NaN, are in `head`.
 */
function logarithm(v: Vectors, x: Code, series: readonly number[], precise: boolean): Sum {
  const { normal, extraExponent } = precise ? normalize(v, x) : { normal: x, extraExponent: undefined };
  const { exponent, mantissa } = splitNumber(v, normal);
  const k = extraExponent === undefined ? exponent : v.keep(v.sub(exponent, extraExponent));
  const f = v.keep(v.sub(mantissa, v.number(1)));
  const g = v.keep(v.add(f, v.number(2)));
  const s = v.keep(v.div(f, g));
  const z = v.keep(v.mul(s, s));
  const curved = v.mul(v.mul(v.polynomial(series, z), z), s);
  const [ln2Head, ln2Rest] = ln2.f64x2;
  const whole = v.keep(v.mul(k, v.number(ln2Head)));
  const small = v.add(curved, v.mul(k, v.number(ln2Rest)));
  let sum: Sum;
  if (precise) {
    // f/g again in two parts: s·g and the rounding of g are exact, so is what they leave of f.
    const rounding = v.sub(f, v.sub(g, v.number(2)));
    const product = exactProduct(v, s, g);
    const left = v.add(v.sub(v.sub(f, product.head), product.tail), v.mul(s, rounding));
    void left;
    const missing = v.div(v.sub(v.sub(v.sub(f, product.head), product.tail), v.mul(s, rounding)), g);
    const large = exactSum(v, whole, v.keep(v.add(s, s)));
    sum = exactSum(v, large.head, v.keep(v.add(large.tail, v.add(v.add(missing, missing), small))));
  } else {
    sum = { head: v.add(whole, v.add(v.add(s, s), small)), tail: v.number(0) };
  }
  const finite = v.select(v.less(x, v.number(Infinity)), sum.head, x);
  return { head: v.keep(v.select(v.equal(x, v.number(0)), v.number(-Infinity), finite)), tail: sum.tail };
}
