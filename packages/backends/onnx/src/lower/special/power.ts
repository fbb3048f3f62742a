/** Powers, with the special values of IEEE 754. */
import type { Arithmetic } from '../arithmetic.ts';
import { exp, log } from './exponential.ts';
import { isNegative } from './trigonometric.ts';

/** x to the power y; `exponent` is y where all of its elements have that value. */
export function power(a: Arithmetic, x: string, y: string, exponent: number | undefined): string {
  if (exponent === -1) return a.apply('Reciprocal', [x]);
  if (!a.isLoose) return a.apply('Pow', [x, y]);
  if (exponent === 2) return a.mul(x, x);
  if (exponent === 3) return a.mul(a.mul(x, x), x);
  return anyPower(a, x, y);
}

/** ±e^(y·log |x|), and what that formula has no value for. */
function anyPower(a: Arithmetic, x: string, y: string): string {
  const [zero, one, infinity] = [a.number(0), a.number(1), a.number(Infinity)];
  const size = a.abs(x);
  const positive = exp(a, a.mul(y, log(a, size)));
  const isWhole = a.equal(y, a.apply('Floor', [y]));
  const half = a.mul(y, a.number(0.5));
  const isOdd = and(a, isWhole, not(a, a.equal(half, a.apply('Floor', [half]))));
  const signed = a.where(and(a, isNegative(a, x), isOdd), a.apply('Neg', [positive]), positive);
  // A negative number has a real power only if the exponent is whole; zeros and infinities have them all.
  const isBelow = and(a, a.less(x, zero), a.less(size, infinity));
  const real = a.where(and(a, isBelow, not(a, isWhole)), a.number(NaN), signed);
  // 1 to any power, −1 to an infinite one, and anything to the power 0 is 1, NaN included.
  const isUnit = and(a, a.equal(size, one), a.equal(a.abs(y), infinity));
  const settled = a.where(isUnit, one, real);
  return a.where(a.equal(y, zero), one, a.where(a.equal(x, one), one, settled));
}

const and = (a: Arithmetic, p: string, q: string): string => a.apply('And', [p, q]);
const not = (a: Arithmetic, p: string): string => a.apply('Not', [p]);
