import { describe, expect, it } from 'vitest';
import { leastSquares } from './least-squares.ts';

describe('least squares', () => {
  it('meets the normal equations, and exact data exactly', () => {
    // y = 2a − b + 3
    const xs = [
      [0, 1, 1],
      [1, 0, 1],
      [2, 5, 1],
      [4, 1, 1],
    ];
    const exact = leastSquares(
      xs,
      xs.map(([a = 0, b = 0]) => 2 * a - b + 3),
    );
    [2, -1, 3].forEach((w, i) => expect(exact[i]).toBeCloseTo(w, 12));
    const ys = [1, 5, -2, 0];
    const w = leastSquares(xs, ys);
    const residuals = xs.map((x, i) => x.reduce((sum, v, k) => sum + v * (w[k] ?? NaN), 0) - (ys[i] ?? NaN));
    for (const k of [0, 1, 2])
      expect(xs.reduce((sum, x, i) => sum + (x[k] ?? 0) * (residuals[i] ?? 0), 0)).toBeCloseTo(0, 12);
  });

  it('ridge regression shrinks what is penalised', () => {
    const xs = [
      [1, 1],
      [2, 1],
      [3, 1],
    ];
    const ys = [3, 5, 7];
    // minimises Σ (a·x + b − y)² + 4a²: with the mean free, a = Sxy / (Sxx + 4) = 4 / 6
    const [a = NaN, b = NaN] = leastSquares(xs, ys, [4, 0]);
    expect(a).toBeCloseTo(2 / 3, 12);
    expect(b).toBeCloseTo(5 - 2 * a, 12);
  });
});
