/** Odd functions that level off at ±1, as one rational function. */
import type { Code } from '../encoder/function.ts';
import type { Vectors } from './vectors.ts';

/** x·P(x²)/Q(x²), coefficients lowest order first. */
export interface OddRational {
  readonly numerator: readonly number[];
  readonly denominator: readonly number[];
}

/**
 * x·P(x²)/Q(x²) up to |x| = `saturation`, where it reaches ±1 up to its error; ±1 from there on. All coefficients of P and Q are
 * positive: nothing cancels, but roundings add up, and could carry results over 1 if that were not the limit.
 */
export function saturatingRational(
  v: Vectors,
  x: Code,
  { numerator, denominator }: OddRational,
  saturation: number,
): Code {
  // A bound on x² is enough: from there on the quotient grows with x.
  const z = v.keep(v.atMost(v.mul(x, x), v.number(saturation ** 2)));
  const top = v.polynomial(numerator, z);
  const bottom = v.polynomial(denominator, z);
  // x last: its product with P could be subnormal, and lose bits that the quotient has.
  const y = v.mul(v.div(top, bottom), x);
  return v.atLeast(v.atMost(y, v.number(1)), v.number(-1));
}
