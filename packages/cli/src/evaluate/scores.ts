/** What an evaluation finds. */
import { shortNumber } from '../output/table.ts';

/** Numbers by name: an accuracy, an error. */
export type Scores = Readonly<Record<string, number>>;

/** Scores in words. */
export const describeScores = (scores: Scores): string =>
  Object.entries(scores)
    .map(([name, value]) => `${name} ${shortNumber(value)}`)
    .join(', ');

/** Errors of numbers, in their own units: those that are NaN do not count. */
export function errorScores(predicted: ArrayLike<number>, observed: ArrayLike<number>): Scores {
  const pairs = Array.from(observed, (value, i) => [value, predicted[i] ?? NaN] as const).filter(
    ([value]) => !Number.isNaN(value),
  );
  const mean = (of: (value: number, guess: number) => number): number =>
    pairs.reduce((sum, [value, guess]) => sum + of(value, guess), 0) / pairs.length;
  const mse = mean((value, guess) => (guess - value) ** 2);
  const centre = mean((value) => value);
  const variance = mean((value) => (value - centre) ** 2);
  return {
    mse,
    rmse: Math.sqrt(mse),
    mae: mean((value, guess) => Math.abs(guess - value)),
    ...(variance > 0 ? { r2: 1 - mse / variance } : {}),
  };
}
