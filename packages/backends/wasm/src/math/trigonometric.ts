/** sin x, cos x and tan x. */
import { extract, get, op, shuffle } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { reduceAngle } from './angle-reduction.ts';
import { cosSeries, halfPi, sinSeries } from './coefficients.ts';
import { fromDoubles, toDoubles } from './doubles.ts';
import { inLoop, type Constants, type FloatLanes, type VectorFunction } from './types.ts';
import { Vectors } from './vectors.ts';

/** An angle as n·π/2 + r; in n the last two bits count. */
interface ReducedAngle {
  readonly r: Code;
  readonly n: Code;
}

/**
 * Multiples of π/2 below this are those by integers of less than 20 bits, whose products with the first parts of π/2 are exact. The
 * double that comes closest to one, for its size, is 321307.9594422229, at a distance of 2⁻⁵⁴: the three parts together are
 * right to 2⁻¹²², which is enough.
 */
const farAway = 2 ** 20;

const [first, second, third] = halfPi;
/** π/2 for angles with 24 bits: below `farAway` none is nearer to a multiple than 2⁻²⁸. */
const partsForSingle = [first, second + third];
const partsForDouble = [first, second, third];

/**
 * Reduces doubles by Cody and Waite's method: x minus n times each part of π/2. Vectors with an angle for which that is not exact
 * go lane by lane through `reduceAngle`.
 */
function reduceDoubles(f: FunctionBuilder, v: Vectors, x: Code, parts: readonly number[]): ReducedAngle {
  const rounder = v.number(v.format.rounder);
  const n = v.local(v.add(v.mul(x, v.number(2 / Math.PI)), rounder));
  const whole = v.keep(v.sub(get(n), rounder));
  const r = v.local(parts.reduce((left, part) => v.sub(left, v.mul(whole, v.number(part))), x));

  f.emit(op('v128.any_true', v.lessEqual(v.number(farAway), v.abs(x))));
  f.if(() => {
    const quadrant = f.local('i64');
    const rest = f.local('f64');
    for (const lane of [0, 1]) {
      f.emit(extract('f64x2.extract_lane', lane, x))
        .call(reduceAngle(f.module))
        .set(quadrant)
        .set(rest);
      f.get(r).get(rest).lane('f64x2.replace_lane', lane).set(r);
      f.get(n).get(quadrant).lane('i64x2.replace_lane', lane).set(n);
    }
  });
  return { r: get(r), n: get(n) };
}

/** The low words of the four quadrants in two vectors. */
const lowWords = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];

function reduce(f: FunctionBuilder, v: Vectors, x: Local, constant: Constants): ReducedAngle {
  if (v.lanes === 'f64x2') return reduceDoubles(f, v, get(x), partsForDouble);
  const doubles = new Vectors(f, 'f64x2', constant);
  const [low, high] = toDoubles(get(x)).map((half) =>
    reduceDoubles(f, doubles, doubles.keep(half), partsForSingle),
  ) as [ReducedAngle, ReducedAngle];
  return { r: v.keep(fromDoubles(low.r, high.r)), n: v.keep(shuffle(lowWords, low.n, high.n)) };
}

/** The sine of r. A product throughout, so that −0 stays −0. */
const sinNear = (v: Vectors, r: Code, z: Code): Code =>
  v.mul(v.add(v.mul(v.polynomial(sinSeries[v.lanes], z), z), v.number(1)), r);

/** The cosine of r. */
const cosNear = (v: Vectors, z: Code): Code =>
  v.add(v.mul(v.polynomial(cosSeries[v.lanes], z), v.mul(z, z)), v.sub(v.number(1), v.mul(z, v.number(0.5))));

/** Sine and cosine of the angle without its quadrants, and what quadrants do: bit 0 of n swaps both, bit 1 turns both signs. */
function parts(f: FunctionBuilder, lanes: FloatLanes, x: Local, constant: Constants) {
  const v = new Vectors(f, lanes, constant);
  const { r, n } = reduce(f, v, x, constant);
  const z = v.keep(v.mul(r, r));
  return { v, n, sine: v.keep(sinNear(v, r, z)), cosine: v.keep(cosNear(v, z)) };
}

/** All bits where n is odd. */
const isOdd = (v: Vectors, n: Code): Code => v.subBits(v.number(0), v.and(n, v.integer(1n)));

/** Bit `bit` of n, at the place of the sign. */
const toSign = (v: Vectors, n: Code, bit: number): Code => {
  const signPlace = v.lanes === 'f32x4' ? 31 : 63;
  return v.shiftLeft(v.shiftRight(n, bit), signPlace);
};

/** The sine of an angle `quadrants` further. */
const sineFrom = (quadrants: bigint): VectorFunction => ({
  emit: (f, lanes, x, constant) => {
    const { v, n, sine, cosine } = parts(f, lanes, x, constant);
    const turned = quadrants === 0n ? n : v.keep(v.addBits(n, v.integer(quadrants)));
    const y = v.select(isOdd(v, turned), cosine, sine);
    return v.local(v.xor(y, toSign(v, turned, 1)));
  },
  inline: inLoop,
});

/** The sine of an angle in radians. */
export const sin: VectorFunction = sineFrom(0n);

/** The cosine: the sine of an angle a quadrant further. */
export const cos: VectorFunction = sineFrom(1n);

/** The tangent: sine by cosine, or its negative reciprocal in odd quadrants. */
export const tan: VectorFunction = {
  emit: (f, lanes, x, constant) => {
    const { v, n, sine, cosine } = parts(f, lanes, x, constant);
    const odd = v.keep(isOdd(v, n));
    const ratio = v.div(v.select(odd, cosine, sine), v.select(odd, sine, cosine));
    return v.local(v.xor(ratio, toSign(v, n, 0)));
  },
  inline: inLoop,
};
