/** The error function, which JavaScript's `Math` lacks. */
import { nearZero, tail } from './erf-coefficients.ts';

/** Σ cₖ·xᵏ */
function polynomial(coefficients: readonly number[], x: number): number {
  let y = 0;
  for (let k = coefficients.length - 1; k >= 0; k--) y = y * x + coefficients[k]!;
  return y;
}

/**
 * The error function 2/√π ∫₀ˣ e^(−t²) dt, within 1.5 units in the last place of a double, subnormal ones included. It is odd
 * bit for bit; erf(±0) is ±0, erf(±∞) is ±1.
 *
 * @example
 * [erf(0.5), erf(-Infinity), erf(NaN)]; // [0.5204998778130465, -1, NaN]
 */
export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 1) return x + x * polynomial(nearZero, x * x);
  // From 6 on erfc(x) is less than half a unit in the last place of 1.
  if (!(magnitude < 6)) return Math.sign(x);
  const complement = Math.exp(-x * x) * polynomial(tail, (magnitude - 2.5) / (magnitude + 3));
  return x < 0 ? complement - 1 : 1 - complement;
}
