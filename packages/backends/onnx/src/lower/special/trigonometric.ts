/** Sines, tangents and the angle of a point, where the provider lacks a kernel or its kernel is too rough. */
import type { Arithmetic } from '../arithmetic.ts';
import { piParts, sinSeries } from './coefficients.ts';
import { extremum } from './extremum.ts';

/** sin x. */
export function sin(a: Arithmetic, x: string): string {
  if (!a.isLoose) return a.apply('Sin', [x]);
  // x = nπ + r, and sin x = (−1)ⁿ sin r.
  const n = a.apply('Floor', [a.add(a.mul(x, a.number(1 / Math.PI)), a.number(0.5))]);
  return sinOfRest(a, a.mul(lessTurns(a, x, n), alternating(a, n)));
}

/** cos x. */
export function cos(a: Arithmetic, x: string): string {
  if (!a.isLoose) return a.apply('Cos', [x]);
  // x = (n + ½)π + r, and cos x = −(−1)ⁿ sin r.
  const n = a.apply('Floor', [a.mul(x, a.number(1 / Math.PI))]);
  const rest = lessTurns(a, x, a.add(n, a.number(0.5)));
  return sinOfRest(a, a.apply('Neg', [a.mul(rest, alternating(a, n))]));
}

/** tan x. */
export const tan = (a: Arithmetic, x: string): string =>
  a.has('Tan') && !a.isLoose ? a.apply('Tan', [x]) : a.div(sin(a, x), cos(a, x));

/** x − nπ, exact but for the last part of π while n has no more than 13 bits. */
const lessTurns = (a: Arithmetic, x: string, n: string): string =>
  piParts.reduce((rest, part) => a.sub(rest, a.mul(n, a.number(part))), x);

/** (−1)ⁿ of an integer n. */
function alternating(a: Arithmetic, n: string): string {
  const half = a.mul(n, a.number(0.5));
  const fraction = a.sub(half, a.apply('Floor', [half]));
  return a.sub(a.number(1), a.mul(fraction, a.number(4)));
}

/** sin r for |r| ≤ π/2 in f32. */
function sinOfRest(a: Arithmetic, r: string): string {
  const z = a.mul(r, r);
  const last = a.number(sinSeries.at(-1) as number);
  const series = sinSeries.slice(0, -1).reduceRight((sum, c) => a.add(a.mul(sum, z), a.number(c)), last);
  return a.add(r, a.mul(r, a.mul(z, series)));
}

/**
 * The angle of the point (x, y), in [−π, π], with the signs of zeros and the limits at infinity that IEEE 754 gives.
 *
 * With t = atan |y/x| its size is t to the right of the y-axis and π − t to the left, and its sign that of y. The sign is
 * multiplied at the end: ONNX Runtime's `Where` may turn −0 into 0.
 */
export function atan2(a: Arithmetic, y: string, x: string): string {
  const [width, height] = [a.abs(x), a.abs(y)];
  const ratio = a.div(height, width);
  // 0/0 and ∞/∞ are no numbers, but both points have an angle: that of the point (1, 0) or (1, 1).
  const corner = a.apply('Tanh', [a.mul(height, width)]);
  const t = atan(a, a.where(a.equal(ratio, ratio), ratio, corner));
  const size = a.where(isNegative(a, x), a.sub(a.number(Math.PI), t), t);
  return a.mul(size, a.where(isNegative(a, y), a.number(-1), a.number(1)));
}

/** Whether the sign is set, of a zero or an infinity too: told by the reciprocal of a number that is not infinite. */
export const isNegative = (a: Arithmetic, x: string): string =>
  a.less(a.apply('Reciprocal', [a.clip(x, -1, 1)]), a.number(0));

/**
 * atan q for q ≥ 0. Where there is no kernel, a first guess φ is refined: tan(atan q − φ) = (q cos φ − sin φ)/(cos φ + q sin φ), which
 * is the error of φ up to its third power.
 */
function atan(a: Arithmetic, q: string): string {
  if (a.has('Atan')) return a.apply('Atan', [q]);
  // The formula has no value at infinity; from here on the angle rounds to a right one.
  const ratio = extremum(a, 'Min', { x: q, y: a.number(largeRatio), splats: [undefined, largeRatio] });
  const single = a.as('f32');
  if (a.dtype === 'f64' && single.has('Atan')) {
    // Off by 1e-7: the cube of that is nothing.
    return refined(a, ratio, single.cast(single.apply('Atan', [a.cast(ratio, 'f32')]), 'f64'));
  }
  // q/(1 + 2q/π) is off by at most 0.18; then 2e-3, 3e-9 and nothing.
  const guess = a.div(ratio, a.add(a.mul(ratio, a.number(2 / Math.PI)), a.number(1)));
  const better = refined(a, ratio, refined(a, ratio, guess));
  return a.dtype === 'f32' ? better : refined(a, ratio, better);
}

/** Its products and its angle are finite in f32 too, and the angle is a right one to more digits than f64 has. */
const largeRatio = 1e30;

/** One correction of φ towards atan q. */
function refined(a: Arithmetic, q: string, guess: string): string {
  const sine = a.apply('Sin', [guess]);
  const cosine = a.apply('Cos', [guess]);
  const missing = a.sub(a.mul(q, cosine), sine);
  return a.add(guess, a.div(missing, a.add(cosine, a.mul(q, sine))));
}
