/** Batches of rows. */
import type { HostArray, Random } from '@node-ode/core';
import { inMemory } from '@node-ode/datasets';
import type { Learner } from './learner.ts';

/** Shuffled batches of arrays whose first axis counts samples. */
export function rowBatches(arrays: readonly HostArray[]): Pick<Learner, 'epoch' | 'samples'> {
  const set = inMemory('train', { train: arrays });
  return {
    samples: set.size('train'),
    epoch: (random: Random, batchSize: number) => set.batches('train', { batchSize, random }),
  };
}
