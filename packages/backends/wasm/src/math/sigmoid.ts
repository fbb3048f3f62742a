/** The logistic function 1/(1 + e^−x) and its integral log(1 + e^x). */
import { get } from '../encoder/code.ts';
import type { Code, Local } from '../encoder/function.ts';
import { softplusSeries } from './coefficients.ts';
import { expRange, reduceExponential } from './exponential.ts';
import { inLoop, type VectorFunction } from './types.ts';
import { Vectors } from './vectors.ts';

/** e^−|x| as a fraction; 0 where it is smaller than half of the smallest number. */
function decay(v: Vectors, x: Local): { readonly numerator: Code; readonly denominator: Code } {
  const clamped = v.keep(v.atLeast(v.neg(v.abs(get(x))), v.number(expRange[v.lanes].low)));
  const { n, r, c } = reduceExponential(v, clamped);
  return { numerator: v.keep(v.scale(v.add(c, r), n)), denominator: v.keep(v.sub(c, r)) };
}

/** 1/(1 + e^−x): with one division, and small results of negative x to full precision. */
export const sigmoid: VectorFunction = {
  emit: (f, lanes, x, constant) => {
    const v = new Vectors(f, lanes, constant);
    const { numerator, denominator } = decay(v, x);
    const top = v.select(v.less(get(x), v.number(0)), numerator, denominator);
    return v.local(v.div(top, v.add(numerator, denominator)));
  },
  inline: inLoop,
};

/** log(1 + e^x) = max(x, 0) + 2·artanh(e/(2 + e)) with e = e^−|x|, as one division and a series. */
export const softplus: VectorFunction = {
  emit: (f, lanes, x, constant) => {
    const v = new Vectors(f, lanes, constant);
    const { numerator, denominator } = decay(v, x);
    const s = v.keep(v.div(numerator, v.add(denominator, v.mul(numerator, v.number(0.5)))));
    const z = v.keep(v.mul(s, s));
    const series = v.mul(v.mul(v.polynomial(softplusSeries[lanes], z), z), s);
    return v.local(v.add(v.atLeast(get(x), v.number(0)), v.add(s, series)));
  },
  inline: inLoop,
};
