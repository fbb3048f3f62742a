/** A place in the data that can be left and found again: the generator as the epoch began, and the batches done since. */
import { OptionError, random, type Dataset, type Random } from '@node-ode/core';
import type { Position } from '../checkpoint/checkpoint.ts';

/** What batches may depend on: with the same context they must be the same. */
export interface EpochContext {
  /** From 0. */
  readonly epoch: number;
  /** The run's generator, to be drawn from while the epoch's batches are made. */
  readonly random: Random;
}

/** The batches of an epoch, at least one. */
export type Batches<Batch> = (context: EpochContext) => Iterable<Batch> | AsyncIterable<Batch>;

/** A batch, and the place after it. */
export interface Placed<Batch> {
  readonly batch: Batch;
  readonly position: Position;
}

/** The batches of a data set's split, shuffled if asked to. */
export const datasetBatches =
  <Batch>(
    dataset: Dataset<Batch>,
    { split, batchSize, dropLast, shuffle }: { split: string; batchSize: number; dropLast: boolean; shuffle: boolean },
  ): Batches<Batch> =>
  ({ random: generator }) =>
    dataset.batches(split, { batchSize, dropLast, ...(shuffle ? { random: generator } : {}) });

/**
 * Batch after batch, epoch after epoch, from a position on.
 *
 * @throws OptionError if an epoch has no batch, or fewer than the position says were done.
 */
export async function* cursor<Batch>(batches: Batches<Batch>, from: Position): AsyncGenerator<Placed<Batch>, never> {
  for (let { epoch, batch: done, random: words } = from; ; epoch++, done = 0) {
    const generator = random(words);
    let count = 0;
    for await (const batch of batches({ epoch, random: generator })) {
      count += 1;
      if (count > done) yield { batch, position: { epoch, batch: count, random: words } };
    }
    if (count === 0 || count < done) {
      throw new OptionError('fit', `epoch ${epoch} has ${count} batches`, {
        expected: count === 0 ? 'at least one' : `at least the ${done} that were done when the checkpoint was written`,
        advice: 'Check the data set and the batch size.',
      });
    }
    words = generator.state();
  }
}
