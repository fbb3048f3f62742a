/** The tangent and the angle of a point, where the provider lacks a kernel. */
import type { Arithmetic } from '../arithmetic.ts';

/** tan x, as sin x / cos x where there is no kernel. */
export function tan(a: Arithmetic, x: string): string {
  if (a.has('Tan')) return a.apply('Tan', [x]);
  return a.div(a.apply('Sin', [x]), a.apply('Cos', [x]));
}

/**
 * The angle of the point (x, y), in [−π, π], with the signs of zeros and the limits at infinity that IEEE 754 gives.
 *
 * With t = atan |y/x| its size is t to the right of the y-axis and π − t to the left, and its sign that of y. Signs are told by
 * reciprocals, so that −0 is on the left, and below. The sign is multiplied at the end: ONNX Runtime's `Where` may turn −0 into 0.
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

/** Whether the sign is set, of a zero or an infinity too. */
const isNegative = (a: Arithmetic, x: string): string =>
  a.less(a.apply('Reciprocal', [a.clip(x, -1, 1)]), a.number(0));

/**
 * atan q for q ≥ 0. Where there is no kernel, a first guess φ is refined: tan(atan q − φ) = (q cos φ − sin φ)/(cos φ + q sin φ), which is the
 * error of φ up to its third power.
 */
function atan(a: Arithmetic, q: string): string {
  if (a.has('Atan')) return a.apply('Atan', [q]);
  // The formula has no value at infinity; from here on the angle rounds to a right one.
  const ratio = a.apply('Min', [q, a.number(largeRatio)]);
  const single = a.as('f32');
  if (a.dtype === 'f64' && single.has('Atan')) {
    // Off by 1e-7: the cube of that is nothing.
    return refined(a, ratio, single.cast(single.apply('Atan', [a.cast(ratio, 'f32')]), 'f64'));
  }
  // q/(1 + 2q/π) is off by at most 0.18; then 2e-3, 2e-9 and nothing.
  const guess = a.div(ratio, a.add(a.mul(ratio, a.number(2 / Math.PI)), a.number(1)));
  const better = refined(a, ratio, refined(a, ratio, guess));
  return a.dtype === 'f32' ? better : refined(a, ratio, better);
}

/** Its products and its angle are finite in f32 too, and the angle is a right one to more digits than f64 has. */
const largeRatio = 1e30;

/** One correction of φ towards atan q. */
function refined(a: Arithmetic, q: string, guess: string): string {
  const sin = a.apply('Sin', [guess]);
  const cos = a.apply('Cos', [guess]);
  const missing = a.sub(a.mul(q, cos), sin);
  return a.add(guess, a.div(missing, a.add(cos, a.mul(q, sin))));
}
