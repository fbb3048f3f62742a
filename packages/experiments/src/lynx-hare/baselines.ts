/** What a forecast has to beat: the last observation, and linear autoregressions. */
import { leastSquares } from '../lab/least-squares.ts';
import type { Pelts } from './problem.ts';

/** Root of the mean squared error over all years and both species, in thousands of pelts. */
export function rmse(forecast: readonly Pelts[], observed: readonly Pelts[]): number {
  const squares = observed.flatMap((row, i) => row.map((value, k) => (value - (forecast[i]?.[k] ?? NaN)) ** 2));
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}

/** The last observation, for each year. */
export const persistence = (train: readonly Pelts[], years: number): readonly Pelts[] =>
  Array.from({ length: years }, () => train.at(-1) ?? [NaN, NaN]);

/** A change of variables before an autoregression is fitted, and its inverse. */
export interface Transform {
  readonly to: (pelts: number) => number;
  readonly from: (value: number) => number;
}

/** Pelts as they are. */
export const plain: Transform = { to: (x) => x, from: (x) => x };

/** Logarithms of pelts, as the Neural ODE has them. */
export const logarithmic: Transform = { to: Math.log, from: Math.exp };

/** y(t + 1) = A·y(t) + c, fitted by least squares to the years to train on, and iterated from the last of them. */
export function autoregression(
  train: readonly Pelts[],
  years: number,
  { to, from }: Transform = plain,
): readonly Pelts[] {
  const values = train.map((row) => row.map(to));
  const inputs = values.slice(0, -1).map((row) => [...row, 1]);
  const rows = [0, 1].map((k) =>
    leastSquares(
      inputs,
      values.slice(1).map((row) => row[k] ?? NaN),
    ),
  );
  const forecast: Pelts[] = [];
  let current = values.at(-1) ?? [];
  for (let year = 0; year < years; year++) {
    const input = [...current, 1];
    current = rows.map((row) => row.reduce((sum, weight, i) => sum + weight * (input[i] ?? NaN), 0));
    forecast.push([from(current[0] ?? NaN), from(current[1] ?? NaN)]);
  }
  return forecast;
}
