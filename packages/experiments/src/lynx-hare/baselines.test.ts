import { describe, expect, it } from 'vitest';
import { autoregression, logarithmic, persistence, rmse } from './baselines.ts';
import { lynxHareProblem, type Pelts } from './problem.ts';

describe('baselines', () => {
  it('rmse is over years and species', () => {
    expect(
      rmse(
        [
          [1, 2],
          [3, 4],
        ],
        [
          [1, 0],
          [3, 0],
        ],
      ),
    ).toBe(Math.sqrt(20 / 4));
  });

  it('persistence repeats the last observation', () => {
    const { train, test } = lynxHareProblem();
    const forecast = persistence(train, 4);
    expect(forecast.length).toBe(4);
    // 1916: 11.2 and 29.7; 1917–1920 from the record
    const differences = [
      7.6 - 11.2,
      15.8 - 29.7,
      14.6 - 11.2,
      9.7 - 29.7,
      16.2 - 11.2,
      10.1 - 29.7,
      24.7 - 11.2,
      8.6 - 29.7,
    ];
    expect(rmse(forecast, test)).toBeCloseTo(Math.sqrt(differences.reduce((s, d) => s + d * d, 0) / 8), 4);
  });

  it('an autoregression goes on with what follows its law, in pelts or in logarithms', () => {
    const next = ([a, b]: Pelts): Pelts => [0.9 * a - 0.3 * b + 5, 0.2 * a + 0.8 * b - 1];
    const law: Pelts[] = [[20, 10]];
    for (let i = 0; i < 12; i++) law.push(next(law[i]!));
    const compare = (forecast: readonly Pelts[], truth: readonly Pelts[]): void =>
      truth.forEach((row, i) => row.forEach((x, k) => expect(forecast[i]?.[k]).toBeCloseTo(x, 8)));
    compare(autoregression(law.slice(0, 9), 4), law.slice(9));
    const exponential = law.map(([a, b]): Pelts => [Math.exp(a / 10), Math.exp(b / 10)]);
    compare(autoregression(exponential.slice(0, 9), 4, logarithmic), exponential.slice(9));
  });
});
