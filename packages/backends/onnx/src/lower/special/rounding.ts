/** Sign, rounding and remainder from simpler operators, for providers without their kernels. */
import type { Arithmetic } from '../arithmetic.ts';

/** −1, 0 or 1; a zero or NaN is itself. CUDA's kernel gives 0 for NaN. */
export function sign(a: Arithmetic, x: string): string {
  if (a.has('Sign') && (a.dtype === 'i32' || a.provider === 'cpu')) return a.apply('Sign', [x]);
  const zero = a.number(0);
  const upper = a.where(a.apply('Greater', [x, zero]), a.number(1), x);
  return a.where(a.less(x, zero), a.number(-1), upper);
}

/** To the nearest integer, ties to even. */
export function round(a: Arithmetic, x: string): string {
  if (a.has('Round')) return a.apply('Round', [x]);
  // A float of this size has no bits for a fraction: adding it rounds. Larger ones are integers already.
  const limit = 2 ** 23;
  const shift = a.where(a.less(x, a.number(0)), a.number(-limit), a.number(limit));
  const rounded = a.sub(a.add(x, shift), shift);
  return a.where(a.less(a.abs(x), a.number(limit)), rounded, x);
}

/** The remainder of x / y with the sign of x. */
export function remainder(a: Arithmetic, x: string, y: string): string {
  if (a.has('Mod')) return a.apply('Mod', [x, y], { fmod: { kind: 'int', value: 1 } });
  if (a.dtype === 'i32') return a.sub(x, a.mul(a.div(x, y), y));
  const [size, divisor] = [a.abs(x), a.abs(y)];
  const quotient = a.apply('Floor', [a.div(size, divisor)]);
  // The quotient may be off by one where it is near an integer.
  const rest = a.sub(size, a.mul(quotient, divisor));
  const raised = a.where(a.less(rest, a.number(0)), a.add(rest, divisor), rest);
  const lowered = a.where(a.apply('GreaterOrEqual', [raised, divisor]), a.sub(raised, divisor), raised);
  // Also where the divisor is infinite, and 0·∞ no number.
  const magnitude = a.where(a.less(size, divisor), size, lowered);
  return a.where(a.less(x, a.number(0)), a.apply('Neg', [magnitude]), magnitude);
}
