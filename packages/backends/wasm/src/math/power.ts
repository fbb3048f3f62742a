/** x to the power y. */
import { get } from '../encoder/code.ts';
import type { Code } from '../encoder/function.ts';
import { ln2, powExpSeries, powLogSeries } from './coefficients.ts';
import { inDoubles } from './doubles.ts';
import { exponentialFraction, expRange, reduceExponential } from './exponential.ts';
import { exactProduct, exactSum, type Pair } from './extended.ts';
import { normalize, splitNumber } from './logarithm.ts';
import { asFunction, type VectorFunction2 } from './types.ts';
import { Vectors } from './vectors.ts';

/** log m + k·log 2 = 2s + curved + k·log 2, with s = f/(2 + f) and f = m − 1. */
interface LogarithmTerms {
  readonly f: Code;
  /** 2 + f. */
  readonly g: Code;
  readonly s: Code;
  /** k·log 2 but for its last bits, exact. */
  readonly whole: Code;
  /** The terms that are small: those of the series from s³ on, and the last bits of k·log 2. */
  readonly small: Code;
}

function logarithmTerms(v: Vectors, mantissa: Code, k: Code, series: readonly number[]): LogarithmTerms {
  const [ln2Head, ln2Rest] = ln2.f64x2;
  const f = v.keep(v.sub(mantissa, v.number(1)));
  const g = v.keep(v.add(f, v.number(2)));
  const s = v.keep(v.div(f, g));
  const z = v.keep(v.mul(s, s));
  const curved = v.mul(v.mul(v.polynomial(series, z), z), s);
  const whole = v.keep(v.mul(k, v.number(ln2Head)));
  return { f, g, s, whole, small: v.keep(v.add(curved, v.mul(k, v.number(ln2Rest)))) };
}

/** −∞ for 0; ∞ and NaN for themselves. */
const withLimits = (v: Vectors, x: Code, logarithm: Code): Code =>
  v.keep(v.select(v.equal(x, v.number(0)), v.number(-Infinity), v.select(v.less(x, v.number(Infinity)), logarithm, x)));

/** y·log x for kept x ≥ 0, where x has no more than 24 bits and the result may have an error of 2⁻³⁰. */
function exponentForSingle(v: Vectors, x: Code, y: Code): Code {
  const { exponent, mantissa } = splitNumber(v, x);
  const { s, whole, small } = logarithmTerms(v, mantissa, exponent, powLogSeries.f32x4);
  return v.keep(v.mul(withLimits(v, x, v.add(whole, v.add(v.add(s, s), small))), y));
}

/** y·log x for kept x ≥ 0, to 2⁻⁵⁸ of itself: it is as large as 745, and its error is the relative error of the power. */
function exponentForDouble(v: Vectors, x: Code, y: Code): Pair {
  const { normal, extraExponent } = normalize(v, x);
  const { exponent, mantissa } = splitNumber(v, normal);
  const k = v.keep(v.sub(exponent, extraExponent));
  const { f, g, s, whole, small } = logarithmTerms(v, mantissa, k, powLogSeries.f64x2);
  // What s lacks of f/(2 + f): the product and the rounding of 2 + f are known exactly.
  const product = exactProduct(v, s, g);
  const rounding = v.sub(f, v.sub(g, v.number(2)));
  const remainder = v.sub(v.sub(v.sub(f, product.head), product.tail), v.mul(s, rounding));
  const missing = v.keep(v.div(remainder, g));
  const large = exactSum(v, whole, v.keep(v.add(s, s)));
  const tail = v.keep(v.add(large.tail, v.add(v.add(missing, missing), small)));
  const sum = exactSum(v, large.head, tail);
  const logarithm = withLimits(v, x, sum.head);

  const power = exactProduct(v, logarithm, y);
  // Where the head is infinite or far out of range, the tail may be anything.
  const isMeant = v.less(v.abs(power.head), v.number(1000));
  return { head: power.head, tail: v.keep(v.and(v.add(power.tail, v.mul(sum.tail, y)), isMeant)) };
}

/** e^(head + tail), for powers that are then rounded to f32: no exponent that a double does not have. */
function exponentialForSingle(v: Vectors, x: Code): Code {
  const { low, high } = expRange.f32x4;
  const clamped = v.keep(v.atLeast(v.atMost(x, v.number(high)), v.number(low)));
  const reduced = reduceExponential(v, clamped, powExpSeries.f32x4);
  return v.mul(exponentialFraction(v, reduced), v.powerOfTwo(reduced.n));
}

function exponentialForDouble(v: Vectors, { head, tail }: Pair): Code {
  const { low, high } = expRange.f64x2;
  const clamped = v.keep(v.atLeast(v.atMost(head, v.number(high)), v.number(low)));
  const reduced = reduceExponential(v, clamped, powExpSeries.f64x2, tail);
  return v.scale(v.keep(exponentialFraction(v, reduced)), reduced.n);
}

/** From here on powers of all doubles but ±1 over- or underflow. */
const hugeExponent = 2 ** 70;

/** Puts signs and special values around |x|^y, which is `magnitude` of |x| and of y within bounds. */
function power(v: Vectors, x: Code, y: Code, magnitude: (x: Code, y: Code) => Code): Code {
  // Within bounds so that ±1 to the power ±∞ is 1·0 in the exponent and not NaN.
  const bounded = v.keep(v.atLeast(v.atMost(y, v.number(hugeExponent)), v.number(-hugeExponent)));
  const unsigned = v.keep(magnitude(v.keep(v.abs(x)), bounded));
  const isInteger = v.keep(v.equal(v.nearest(y), y));
  const half = v.keep(v.mul(y, v.number(0.5)));
  const isOdd = v.andNot(isInteger, v.equal(v.nearest(half), half));
  const isFiniteNegative = v.and(v.less(x, v.number(0)), v.less(v.number(-Infinity), x));
  // A mask of all bits is a NaN.
  const undefinedRoot = v.andNot(isFiniteNegative, isInteger);
  const signed = v.or(v.or(unsigned, v.and(v.sign(x), isOdd)), undefinedRoot);
  const isOne = v.or(v.equal(x, v.number(1)), v.equal(y, v.number(0)));
  return v.select(isOne, v.number(1), signed);
}

/** x to the power y as IEEE 754 has it: 1 for 1^NaN, NaN^0 and (±1)^±∞. */
export const pow: VectorFunction2 = {
  emit: (f, lanes, x, y, constant) => {
    if (lanes === 'f32x4') {
      return inDoubles(f, x, y, constant, (v, base, exponent) =>
        power(v, base, exponent, (a, b) => exponentialForSingle(v, exponentForSingle(v, a, b))),
      );
    }
    const v = new Vectors(f, lanes, constant);
    return v.local(power(v, get(x), get(y), (a, b) => exponentialForDouble(v, exponentForDouble(v, a, b))));
  },
  inline: asFunction,
};
