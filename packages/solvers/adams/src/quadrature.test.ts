import { describe, expect, it } from 'vitest';
import { quadrature, weightsAt } from './quadrature.ts';

/** Hairer, Nørsett & Wanner I, III.1: k steps of size 1 to (numerators) / denominator. */
const bashforth: readonly (readonly [number, readonly number[]])[] = [
  [1, [1]],
  [2, [3, -1]],
  [12, [23, -16, 5]],
  [24, [55, -59, 37, -9]],
  [720, [1901, -2774, 2616, -1274, 251]],
  [1440, [4277, -7923, 9982, -7298, 2877, -475]],
];
const moulton: readonly (readonly [number, readonly number[]])[] = [
  [1, [1]],
  [2, [1, 1]],
  [12, [5, 8, -1]],
  [24, [9, 19, -5, 1]],
  [720, [251, 646, -264, 106, -19]],
  [1440, [475, 1427, -798, 482, -173, 27]],
];
const from = (first: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => first - i);

describe('the quadrature of Adams methods', () => {
  it.each(bashforth)('is the published one, bit for bit: Bashforth, over %d', (denominator, numerators) => {
    const { weights } = quadrature(from(0, numerators.length));
    expect(weights).toEqual(numerators.map((x) => x / denominator));
  });

  it.each(moulton)('is the published one, bit for bit: Moulton, over %d', (denominator, numerators) => {
    const { weights } = quadrature(from(1, numerators.length));
    expect(weights).toEqual(numerators.map((x) => x / denominator));
  });

  it.each([
    // γ₀ … γ₇ with Σᵢ γᵢ/(m + 1 − i) = 1 (eq. III.1.7), γ*ₘ = γₘ − γₘ₋₁ (eq. III.1.11).
    ['Bashforth', 0, (gamma: readonly number[]) => gamma],
    ['Moulton', 1, (gamma: readonly number[]) => gamma.map((g, m) => g - (gamma[m - 1] ?? 0))],
  ] as const)('sums the backward differences up to order 8: %s', (_, first, factors) => {
    const gamma: number[] = [];
    for (let m = 0; m < 8; m++) gamma.push(1 - gamma.reduce((sum, g, i) => sum + g / (m + 1 - i), 0));
    for (let order = 1; order <= 8; order++) {
      const expected = Array.from({ length: order }, () => 0);
      factors(gamma)
        .slice(0, order)
        .forEach((factor, j) => {
          // ∇ʲf = Σᵢ (−1)ⁱ·binomial(j, i)·f at i steps back.
          for (let i = 0, binomial = 1; i <= j; binomial = (binomial * (j - i)) / (i + 1), i++) {
            expected[i] = (expected[i] ?? 0) + (i % 2 === 0 ? factor : -factor) * binomial;
          }
        });
      const { weights } = quadrature(from(first, order));
      weights.forEach((weight, i) => expect(weight).toBeCloseTo(expected[i] ?? NaN, 12));
    }
  });

  it.each([
    [from(0, 8), 1],
    [from(1, 8), 1],
    [from(7, 8), 7],
  ])('integrates powers exactly, to the end and within: nodes %j / %d', (nodes, unit) => {
    const all = quadrature(nodes, unit);
    for (let power = 0; power < nodes.length; power++) {
      const weighed = (weights: readonly number[]): number =>
        weights.reduce((sum, weight, i) => sum + weight * ((nodes[i] ?? NaN) / unit) ** power, 0);
      // Terms of size 7⁷·18 cancel.
      expect(weighed(all.weights)).toBeCloseTo(1 / (power + 1), 8);
      expect(weighed(weightsAt(all, 0.3))).toBeCloseTo(0.3 ** (power + 1) / (power + 1), 8);
    }
  });
});
