/** tanh x. */
import { get } from '../encoder/code.ts';
import { tanhRational } from './coefficients.ts';
import { reduceExponential } from './exponential.ts';
import { saturatingRational } from './rational.ts';
import { inLoop, type VectorFunction } from './types.ts';
import { Vectors } from './vectors.ts';

/** From here on tanh rounds to ±1. */
const saturation = { f32x4: 9.02, f64x2: 19.1 } as const;

/**
 * tanh x. In f32 a rational function; in f64, where that would be twice as long, (e^2x − 1)/(e^2x + 1), both multiplied by the
 * denominator of e^2x: one division, and no cancellation near zero, where n = 0 makes it r/c.
 */
export const tanh: VectorFunction = {
  emit: (f, lanes, x, constant) => {
    const v = new Vectors(f, lanes, constant);
    const limit = saturation[lanes];
    if (lanes === 'f32x4') return v.local(saturatingRational(v, get(x), tanhRational, limit));
    const clamped = v.keep(v.atLeast(v.atMost(get(x), v.number(limit)), v.number(-limit)));
    const { n, r, c } = reduceExponential(v, v.keep(v.add(clamped, clamped)));
    const power = v.keep(v.powerOfTwo(n));
    const less = v.keep(v.sub(v.number(1), power));
    const more = v.keep(v.add(power, v.number(1)));
    // A difference, so that −0 stays −0.
    const top = v.sub(v.mul(more, r), v.mul(less, c));
    const bottom = v.sub(v.mul(more, c), v.mul(less, r));
    return v.local(v.div(top, bottom));
  },
  inline: inLoop,
};
