/** Cross-validation: each sample is tested on once. */
import { OptionError, random } from '@node-ode/core';
import { rowCount, takeSample } from '../memory/rows.ts';

/** How samples are divided. */
export interface FoldOptions {
  /** Number of parts; 5 by default. */
  readonly folds?: number;
  /** Of the generator that shuffles the samples first; 0 by default. */
  readonly seed?: number;
}

/**
 * Divides a tree of host arrays by rows into parts whose sizes differ by one at most; each is `test` once, and the others are
 * `train`.
 *
 * @throws OptionError if there are fewer than two folds, or fewer samples than folds.
 * @example
 * const sample = { x: array([[1], [2], [3], [4]]), y: array([1, 2, 3, 4]) };
 * for (const { train, test } of kFold(sample, { folds: 2, seed: 1 })) console.log(train.x.shape, test.x.shape);
 */
export function kFold<Sample>(
  sample: Sample,
  options: FoldOptions = {},
): readonly { readonly train: Sample; readonly test: Sample }[] {
  const { folds = 5, seed = 0 } = options;
  const size = rowCount('kFold', sample);
  if (!Number.isInteger(folds) || folds < 2 || folds > size) {
    throw new OptionError('kFold', `${folds} folds of ${size} samples`, { expected: `an integer from 2 to ${size}` });
  }
  const order = random(seed).shuffle(size);
  return Array.from({ length: folds }, (_, k) => {
    const [from, to] = [Math.floor((k * size) / folds), Math.floor(((k + 1) * size) / folds)];
    const others = Int32Array.from([...order.subarray(0, from), ...order.subarray(to)]);
    return { train: takeSample(sample, others), test: takeSample(sample, order.subarray(from, to)) };
  });
}
