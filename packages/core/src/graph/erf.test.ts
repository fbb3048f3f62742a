import { describe, expect, it } from 'vitest';
import { erfReference } from '../../test/erf-reference.ts';
import { erf } from './erf.ts';

/** The distance of y from `exact`, in units of the last place of `exact`. */
function unitsOff(y: number, exact: number): number {
  // Below 2⁻¹⁰²² all doubles are 2⁻¹⁰⁷⁴ apart.
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(exact))), -1022);
  // Divided in two steps: the reciprocal of the smallest unit overflows.
  return (Math.abs(y - exact) * 2 ** 52) / 2 ** exponent;
}

describe('erf', () => {
  it.each(erfReference)('of %d is %d', (x, exact) => {
    // At most 1.5 units off erf itself, and the reference is off by up to a half: so at most 2 between doubles.
    expect(unitsOff(erf(x), exact)).toBeLessThanOrEqual(2);
    expect(erf(-x)).toBe(-erf(x));
  });

  it('keeps zeros, knows its limits and passes NaN on', () => {
    expect([0, -0, Infinity, -Infinity, NaN, 1e300, -7].map(erf)).toEqual([0, -0, 1, -1, NaN, 1, -1]);
  });

  it('is 2x/√π, rounded once, of subnormal numbers', () => {
    // A subnormal is an integer number of 2⁻¹⁰⁷⁴: the product is rounded to the nearest integer,
    // which it decides itself while it has bits to spare.
    const least = 2 ** -1074;
    for (const n of [1, 2, 3, 4, 5, 100, 12345, 2 ** 40 + 1, 2 ** 46 - 1]) {
      expect(erf(n * least)).toBe(Math.round((2 / Math.sqrt(Math.PI)) * n) * least);
    }
  });

  it('never falls, not even from one double to the next', () => {
    for (let x = 0; x < 6.1; x += 1 / 512) {
      let [here, value] = [x, erf(x)];
      for (let k = 0; k < 8; k++) {
        const next = here + Math.max(here * 2 ** -52, 2 ** -1074);
        const risen = erf(next);
        expect(risen, `erf(${next}) against erf(${here})`).toBeGreaterThanOrEqual(value);
        [here, value] = [next, risen];
      }
      expect(erf(x + 1 / 512)).toBeGreaterThanOrEqual(value);
    }
  });

  it('never falls where its two approximations and 1 join', () => {
    for (const join of [1, 6]) {
      const around = [-3, -2, -1, 0, 1, 2, 3].map((k) => erf(join * (1 + k * 2 ** -52)));
      expect(around).toEqual([...around].sort((a, b) => a - b));
    }
  });

  it('is the integral of 2/√π·e^(−t²) between any two points', () => {
    // Gauss–Legendre with three points: its error is h⁷·|f⁽⁶⁾|/2016000, below 1e-14 for h = 1/32.
    const density = (t: number): number => (2 / Math.sqrt(Math.PI)) * Math.exp(-t * t);
    const h = 1 / 32;
    for (let a = -6.5; a < 6.5; a += h) {
      const [middle, offset] = [a + h / 2, (h / 2) * Math.sqrt(3 / 5)];
      const area = (h / 18) * (5 * density(middle - offset) + 8 * density(middle) + 5 * density(middle + offset));
      expect(Math.abs(erf(a + h) - erf(a) - area)).toBeLessThan(1e-14);
    }
  });
});
