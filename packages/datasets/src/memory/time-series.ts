/** Data sets of one long series: a split is a stretch of time, and a batch is all of it. */
import type { Dataset } from '@node-ode/core';
import { copySample, rowCount } from './rows.ts';
import { iterable, positiveInteger, splitOf } from './splits.ts';

/**
 * A data set whose splits are stretches of one time series. Each split has one sample, the whole stretch, whose arrays
 * have time as their axis 0; `batches` gives it once, whatever the
 * batch size; it is a copy, as is what `all` gives.
 *
 * @throws ShapeError if the arrays of a split differ in the extent of axis 0.
 * @example
 * const tide = timeSeries('tide', {
 *   train: { t: array([0, 1, 2]), y: array([[0.1], [0.8], [0.9]]) },
 *   test: { t: array([3, 4]), y: array([[0.2], [-0.7]]) },
 * });
 */
export function timeSeries<Sample>(name: string, splits: Readonly<Record<string, Sample>>): Dataset<Sample> {
  for (const [split, sample] of Object.entries(splits)) rowCount(`${name}, split “${split}”`, sample);
  const all = (split: string): Sample => copySample(splitOf(name, splits, split));
  return {
    name,
    splits: Object.keys(splits),
    size: (split) => (all(split), 1),
    all,
    batches: (split, { batchSize }) => {
      const series = all(split);
      positiveInteger(`${name}.batches`, 'batchSize', batchSize);
      return iterable(() => [copySample(series)][Symbol.iterator]());
    },
  };
}
