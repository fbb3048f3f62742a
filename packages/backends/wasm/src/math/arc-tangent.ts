/** The angle of a point. */
import { get } from '../encoder/code.ts';
import type { Code } from '../encoder/function.ts';
import { atanSeries } from './coefficients.ts';
import { inDoubles } from './doubles.ts';
import { asFunction, type VectorFunction2 } from './types.ts';
import { Vectors } from './vectors.ts';

/** π/2 beyond its nearest double. */
const restOfHalfPi = 6.123233995736766e-17;

/**
 * The angle of the point (x, y) in (−π, π], in doubles: atan of the quotient that is at most 1, from π/8 on as π/4 plus the angle
 * that is left, mirrored into the point's octant.
 */
function angle(v: Vectors, y: Code, x: Code, series: readonly number[]): Code {
  const [one, zero] = [v.number(1), v.number(0)];
  const [ax, ay] = [v.keep(v.abs(x)), v.keep(v.abs(y))];
  const isSteep = v.keep(v.less(ax, ay));
  // Of these both are NaN if x or y is.
  let small = v.keep(v.minimum(ax, ay));
  let large = v.keep(v.maximum(ax, ay));
  // 0/0 stands for 0, ∞/∞ for 1.
  const isInfinite = v.keep(v.equal(large, v.number(Infinity)));
  small = v.keep(v.select(isInfinite, v.and(v.equal(small, large), one), small));
  large = v.keep(v.select(v.or(isInfinite, v.equal(large, zero)), one, large));
  // So that their sum does not overflow.
  const factor = v.keep(v.select(v.less(v.number(2 ** 1000), large), v.number(2 ** -60), one));
  small = v.keep(v.mul(small, factor));
  large = v.keep(v.mul(large, factor));

  const isFolded = v.keep(v.less(v.mul(large, v.number(Math.tan(Math.PI / 8))), small));
  const top = v.select(isFolded, v.sub(small, large), small);
  const bottom = v.add(large, v.and(small, isFolded));
  const t = v.keep(v.div(top, bottom));
  const z = v.keep(v.mul(t, t));
  const octant = v.add(t, v.mul(v.mul(v.polynomial(series, z), z), t));
  const flat = v.keep(
    v.add(v.add(octant, v.and(isFolded, v.number(restOfHalfPi / 2))), v.and(isFolded, v.number(Math.PI / 4))),
  );
  const mirrored = (whole: number, rest: number): Code => v.sub(v.number(whole), v.sub(flat, v.number(rest)));
  const quadrant = v.keep(v.select(isSteep, mirrored(Math.PI / 2, restOfHalfPi), flat));
  // Past the vertical, π minus that; where it was mirrored already, that is π/2 plus the flat angle.
  const past = v.select(
    isSteep,
    v.add(v.number(Math.PI / 2), v.add(flat, v.number(restOfHalfPi))),
    mirrored(Math.PI, 2 * restOfHalfPi),
  );
  const positive = v.select(v.isNegative(x), past, quadrant);
  return v.or(positive, v.sign(y));
}

/** The angle of the point (second operand, first operand), as `Math.atan2`: signs of zeros choose the side. */
export const atan2: VectorFunction2 = {
  emit: (f, lanes, y, x, constant) => {
    const series = atanSeries[lanes];
    if (lanes === 'f32x4') return inDoubles(f, y, x, constant, (v, top, side) => angle(v, top, side, series));
    const v = new Vectors(f, lanes, constant);
    return v.local(angle(v, get(y), get(x), series));
  },
  inline: asFunction,
};
