/** Splitting samples at random into those to train and those to test on. */
import { OptionError, random } from '@node-ode/core';
import { rowCount, takeSample } from '../memory/rows.ts';

/** How samples are split. */
export interface SplitOptions {
  /** Share of the samples that is tested on, between 0 and 1; 0.2 by default. */
  readonly test?: number;
  /** Of the generator that shuffles them; 0 by default. */
  readonly seed?: number;
}

/**
 * Splits a tree of host arrays by rows: every sample is in one part, the same one for the same seed.
 *
 * @throws OptionError if a part would be empty.
 * @example
 * const points = inMemory('points', trainTestSplit({ x, y }, { test: 0.25, seed: 1 }));
 */
export function trainTestSplit<Sample>(
  sample: Sample,
  options: SplitOptions = {},
): { readonly train: Sample; readonly test: Sample } {
  const { test = 0.2, seed = 0 } = options;
  const size = rowCount('trainTestSplit', sample);
  const count = Math.round(size * test);
  if (!(test > 0 && test < 1) || count === 0 || count === size) {
    throw new OptionError('trainTestSplit', `a share of ${test} of ${size} samples`, {
      expected: 'a share between 0 and 1 that leaves samples in both parts',
    });
  }
  const order = random(seed).shuffle(size);
  return { train: takeSample(sample, order.subarray(count)), test: takeSample(sample, order.subarray(0, count)) };
}
