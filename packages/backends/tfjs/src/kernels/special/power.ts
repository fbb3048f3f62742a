/** Powers, with the special values of IEEE 754. */
import { binary, type Arithmetic } from '../arithmetic.ts';
import type { Register } from '../contract.ts';
import { extremum } from './extremum.ts';

/** The largest f32, an even integer: the power of anything but 1 is what an infinite exponent gives, and 1 that of −1. */
const largest = 3.4028234663852886e38;

/** x to the power y. */
export function power(a: Arithmetic, x: Register, y: Register): Register {
  if (y.splat === 2) return a.mul(x, x);
  if (y.splat !== undefined && Number.isFinite(y.splat)) return binary(a.builder, 'Pow', x, y);
  const { builder } = a;
  const exponent = extremum(a, 'Minimum', extremum(a, 'Maximum', y, a.number(-largest, y)), a.number(largest, y));
  const result = binary(builder, 'Pow', x, exponent);
  // 1 to the power NaN.
  return a.where(a.equal(x, a.number(1, x)), a.number(1, x), result);
}
