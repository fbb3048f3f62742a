/** e^x and e^x − 1. */
import { get } from '../encoder/code.ts';
import type { Code } from '../encoder/function.ts';
import { expSeries, ln2 } from './coefficients.ts';
import { inLoop, type VectorFunction } from './types.ts';
import { Vectors } from './vectors.ts';

/** e^x = 2ⁿ·(c + r)/(c − r), where x = n·log 2 + r and c = r·coth(r/2). */
export interface ReducedExponential {
  /** n, added to the format's rounder. */
  readonly n: Code;
  readonly r: Code;
  readonly c: Code;
}

/** Below and above these, e^x rounds to 0 and overflows; n stays in the range of `scale` between them. */
export const expRange = {
  f32x4: { low: -105, high: 89 },
  f64x2: { low: -746, high: 710 },
} as const;

/** Reduces a kept x within `expRange`, plus a small `tail`. For n = 0 and no tail, r is x, bit for bit. */
export function reduceExponential(
  v: Vectors,
  x: Code,
  series: readonly number[] = expSeries[v.lanes],
  tail?: Code,
): ReducedExponential {
  const rounder = v.number(v.format.rounder);
  const [head, rest] = ln2[v.lanes];
  const n = v.keep(v.add(v.mul(x, v.number(Math.LOG2E)), rounder));
  const whole = v.keep(v.sub(n, rounder));
  const left = v.sub(v.sub(x, v.mul(whole, v.number(head))), v.mul(whole, v.number(rest)));
  const r = v.keep(tail === undefined ? left : v.add(left, tail));
  const z = v.keep(v.mul(r, r));
  const c = v.keep(v.add(v.mul(v.polynomial(series, z), z), v.number(2)));
  return { n, r, c };
}

/** (c + r)/(c − r) − 1, accurate where r is small. */
const fractionMinusOne = (v: Vectors, { r, c }: ReducedExponential): Code => v.div(v.add(r, r), v.sub(c, r));

/** (c + r)/(c − r) = e^r. */
export const exponentialFraction = (v: Vectors, reduced: ReducedExponential): Code =>
  v.add(fractionMinusOne(v, reduced), v.number(1));

/** e^x. */
export const exp: VectorFunction = {
  emit: (f, lanes, x, constant) => {
    const v = new Vectors(f, lanes, constant);
    const { low, high } = expRange[lanes];
    const clamped = v.keep(v.atLeast(v.atMost(get(x), v.number(high)), v.number(low)));
    const reduced = reduceExponential(v, clamped);
    const fraction = v.keep(exponentialFraction(v, reduced));
    return v.local(v.scale(fraction, reduced.n));
  },
  inline: inLoop,
};

/** Below these, e^x − 1 rounds to −1. */
const lowest = { f32x4: -18, f64x2: -38 } as const;

/** e^x − 1, accurate where x is small. */
export const expm1: VectorFunction = {
  emit: (f, lanes, x, constant) => {
    const v = new Vectors(f, lanes, constant);
    const clamped = v.keep(v.atLeast(v.atMost(get(x), v.number(expRange[lanes].high)), v.number(lowest[lanes])));
    const reduced = reduceExponential(v, clamped);
    // The largest exponent has no power of two of its own: half of it is taken, and the result twice.
    const { rounder, exponentBias } = v.format;
    const isLargest = v.keep(v.less(v.number(rounder + exponentBias), reduced.n));
    const power = v.keep(v.powerOfTwo(v.addBits(reduced.n, isLargest)));
    // As a difference, so that −0 stays −0.
    const y = v.sub(v.mul(power, fractionMinusOne(v, reduced)), v.sub(v.number(1), power));
    return v.local(v.mul(y, v.add(v.number(1), v.and(isLargest, v.number(1)))));
  },
  inline: inLoop,
};
