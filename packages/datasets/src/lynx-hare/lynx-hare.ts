/** Lynx and snowshoe hare pelts bought by the Hudson's Bay Company, 1900–1920: a predator and its prey. */
import { array, OptionError, requireKnownOptions, type Dataset, type FloatDType, type HostArray } from '@node-ode/core';
import { timeSeries } from '../memory/time-series.ts';
import { record } from './record.ts';

/** A stretch of the record. */
export interface LynxHareSeries {
  /** Years, shape [n]. */
  readonly t: HostArray;
  /** Thousands of pelts of each of `lynxHareColumns`, shape [n, 2]. */
  readonly y: HostArray;
}

/** What the columns of `y` count: the prey, then the predator. */
export const lynxHareColumns = ['hare', 'lynx'] as const;

/** How the record is given. */
export interface LynxHareOptions {
  /** Years at the end that are the split `test`; 4 by default, so that training ends in 1916. */
  readonly holdOut?: number;
  /** `f32` by default. */
  readonly dtype?: FloatDType;
}

/**
 * The 21 yearly values, as a time series: `train` is the beginning, `test` the years held out after it. Source and
 * licence: data/lynx-hare/SOURCE.md in this package.
 *
 * @throws OptionError if `holdOut` is no integer from 0 to 19.
 * @example
 * const { t, y } = lynxHare().all('train'); // shapes [17] and [17, 2]
 */
export function lynxHare(options: LynxHareOptions = {}): Dataset<LynxHareSeries> {
  requireKnownOptions('lynxHare', options, { holdOut: true, dtype: true });
  return lynxHareFrom(record, options);
}

/** The data set of another record: rows of year, lynx and hare. */
export function lynxHareFrom(rows: typeof record, options: LynxHareOptions): Dataset<LynxHareSeries> {
  const { holdOut = 4, dtype = 'f32' } = options;
  if (!Number.isInteger(holdOut) || holdOut < 0 || holdOut > rows.length - 2) {
    throw new OptionError('lynxHare', `holdOut ${holdOut}`, {
      expected: `an integer from 0 to ${rows.length - 2}: at least two of the ${rows.length} years to train on`,
    });
  }
  const stretch = (part: typeof record): LynxHareSeries => ({
    t: array(
      part.map(([year]) => year),
      { dtype },
    ),
    y: array(
      part.flatMap(([, lynx, hare]) => [hare, lynx]),
      { dtype, shape: [part.length, 2] },
    ),
  });
  const cut = rows.length - holdOut;
  return timeSeries('lynx-hare', { train: stretch(rows.slice(0, cut)), test: stretch(rows.slice(cut)) });
}
