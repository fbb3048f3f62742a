/** Data sets whose samples are rows of arrays in memory. */
import type { Dataset } from '@node-ode/core';
import { copySample, rowCount, takeSample } from './rows.ts';
import { chunks, inOrder, iterable, positiveInteger, splitOf } from './splits.ts';

/**
 * A data set from trees of host arrays whose axis 0 is the sample axis.
 *
 * Batches, and what `all` gives, are copies. `batches` draws its order from `random` when it is called; going through its result again gives the same batches.
 *
 * @throws ShapeError if the arrays of a split differ in the extent of axis 0.
 * @example
 * const points = inMemory('points', { train: { x: array([[1], [2], [3]]), y: array([2, 4, 6]) } });
 * for (const { x, y } of points.batches('train', { batchSize: 2, random: random(0) })) console.log(x.shape, y.shape);
 */
export function inMemory<Sample>(name: string, splits: Readonly<Record<string, Sample>>): Dataset<Sample> {
  const sizes = Object.fromEntries(
    Object.entries(splits).map(([split, sample]) => [split, rowCount(`${name}, split “${split}”`, sample)]),
  );
  return {
    name,
    splits: Object.keys(splits),
    size: (split) => splitOf(name, sizes, split),
    all: (split) => copySample(splitOf(name, splits, split)),
    batches: (split, { batchSize, random, dropLast = false }) => {
      const sample = splitOf(name, splits, split);
      const size = splitOf(name, sizes, split);
      positiveInteger(`${name}.batches`, 'batchSize', batchSize);
      const indices = random === undefined ? inOrder(size) : random.shuffle(size);
      return iterable(function* () {
        for (const rows of chunks(indices, batchSize, dropLast)) yield takeSample(sample, rows);
      });
    },
  };
}
