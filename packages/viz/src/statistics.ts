/** What several runs have in common: means and deviations, point by point. */
import { ShapeError } from '@node-ode/core';

/** Means, and deviations of single runs from them. */
export interface AcrossRuns {
  readonly mean: number[];
  /** Standard deviation of the sample (over n − 1); NaN for a single run. */
  readonly deviation: number[];
}

/**
 * Mean and standard deviation over runs at each point.
 *
 * @throws ShapeError if the runs differ in length.
 * @example
 * const { mean, deviation } = acrossRuns([[1, 2], [3, 2]]); // [2, 2] and [1.414…, 0]
 */
export function acrossRuns(runs: readonly ArrayLike<number>[]): AcrossRuns {
  const length = runs[0]?.length ?? 0;
  if (runs.some((run) => run.length !== length)) {
    throw new ShapeError('acrossRuns', `runs of ${runs.map((run) => run.length).join(', ')} points`, {
      expected: 'as many points in each',
    });
  }
  const points = Array.from({ length }, (_, i) => runs.map((run) => run[i] ?? NaN));
  return { mean: points.map(meanOf), deviation: points.map(deviationOf) };
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

function deviationOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1));
}
