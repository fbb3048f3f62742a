/** log x and log(1 + x). */
import { get } from '../encoder/code.ts';
import type { Code } from '../encoder/function.ts';
import { ln2, logSeries } from './coefficients.ts';
import { inLoop, type VectorFunction } from './types.ts';
import { Vectors } from './vectors.ts';

/** x = m·2ᵏ with m from √½ to √2. */
export interface SplitNumber {
  /** k, as a float. */
  readonly exponent: Code;
  readonly mantissa: Code;
}

/** The bits of x with its exponent raised by one where its mantissa is √2 or more, and the mantissa counted from √½. */
const shiftedBits = (v: Vectors, x: Code): Code => v.addBits(x, v.integer(v.bitsOf(1) - v.bitsOf(Math.SQRT1_2)));

/** Splits a positive, normal, finite x; anything else gives some finite numbers. */
export function splitNumber(v: Vectors, x: Code): SplitNumber {
  const { mantissaBits, exponentBias } = v.format;
  const bits = v.keep(shiftedBits(v, x));
  const unit = 2 ** mantissaBits;
  // An integer in the low bits of 2^mantissaBits is a float: no conversion is needed, and f64x2 has none.
  const biased = v.or(v.shiftRight(bits, mantissaBits), v.number(unit));
  const exponent = v.keep(v.sub(biased, v.number(unit + exponentBias)));
  const mantissa = v.addBits(v.and(bits, v.integer(BigInt(unit) - 1n)), v.number(Math.SQRT1_2));
  return { exponent, mantissa: v.keep(mantissa) };
}

/** x times a power of two that makes subnormal numbers normal, and what that power adds to the exponent. */
export function normalize(v: Vectors, x: Code): { readonly normal: Code; readonly extraExponent: Code } {
  const { mantissaBits, exponentBias } = v.format;
  const isSubnormal = v.keep(v.less(x, v.number(2 ** (1 - exponentBias))));
  const factor = v.select(isSubnormal, v.number(2 ** (mantissaBits + 1)), v.number(1));
  return { normal: v.keep(v.mul(x, factor)), extraExponent: v.and(isSubnormal, v.number(mantissaBits + 1)) };
}

/** k·log 2 + log(1 + f) for a kept f from √½ − 1 to √2 − 1: f − s·(f − z·series) with s = f/(2 + f) and z = s². */
function combine(v: Vectors, k: Code, f: Code): Code {
  const [head, rest] = ln2[v.lanes];
  const s = v.keep(v.div(f, v.add(f, v.number(2))));
  const z = v.keep(v.mul(s, s));
  const bent = v.mul(s, v.sub(f, v.mul(v.polynomial(logSeries[v.lanes], z), z)));
  return v.add(v.mul(k, v.number(head)), v.add(v.sub(f, bent), v.mul(k, v.number(rest))));
}

/** Puts in ∞ and NaN where x is, NaN where x is below `pole`, and −∞ where it is `pole`. */
function limits(v: Vectors, x: Code, pole: number, result: Code): Code {
  const finite = v.select(v.less(x, v.number(Infinity)), result, x);
  // A mask of all bits is a NaN.
  const positive = v.or(finite, v.less(x, v.number(pole)));
  return v.select(v.equal(x, v.number(pole)), v.number(-Infinity), positive);
}

/** The natural logarithm. */
export const log: VectorFunction = {
  emit: (f, lanes, x, constant) => {
    const v = new Vectors(f, lanes, constant);
    const { normal, extraExponent } = normalize(v, get(x));
    const { exponent, mantissa } = splitNumber(v, normal);
    const k = v.keep(v.sub(exponent, extraExponent));
    const fraction = v.keep(v.sub(mantissa, v.number(1)));
    return v.local(limits(v, get(x), 0, combine(v, k, fraction)));
  },
  inline: inLoop,
};

/** log(1 + x), accurate where x is small: what rounding 1 + x loses is put back into the fraction. */
export const log1p: VectorFunction = {
  emit: (f, lanes, x, constant) => {
    const v = new Vectors(f, lanes, constant);
    const one = v.number(1);
    const u = v.keep(v.add(get(x), one));
    const back = v.keep(v.sub(u, one));
    const lost = v.add(v.sub(one, v.sub(u, back)), v.sub(get(x), back));
    const { exponent, mantissa } = splitNumber(v, u);
    // 2⁻ᵏ from the exponent's bits; where 1 + x is huge nothing of note is lost, and 2⁻ᵏ would not be normal.
    const { mantissaBits, exponentBias } = v.format;
    const exponentMask = BigInt(2 * exponentBias + 1) << BigInt(mantissaBits);
    const exponentBits = v.and(shiftedBits(v, v.atMost(u, v.number(2 ** 100))), v.integer(exponentMask));
    const power = v.subBits(v.integer(BigInt(2 * exponentBias) << BigInt(mantissaBits)), exponentBits);
    const fraction = v.keep(v.add(v.sub(mantissa, one), v.mul(lost, power)));
    const result = limits(v, get(x), -1, combine(v, exponent, fraction));
    return v.local(v.or(result, v.sign(get(x))));
  },
  inline: inLoop,
};
