/** MNIST, or the first images of it. */
import type { Dataset } from '@node-ode/core';
import type { ImageSample } from '@node-ode/datasets';
import { loadMnist } from '@node-ode/datasets/node';
import type { Lab } from '../lab/index.ts';

/** So many images of each split. */
export interface Counts {
  readonly trainImages: number;
  readonly testImages: number;
}

/**
 * The first images of MNIST's splits `train` and `test`.
 *
 * @throws what `loadMnist` throws.
 */
export async function mnist(
  { data }: Pick<Lab, 'data'>,
  { trainImages, testImages }: Counts,
): Promise<Dataset<ImageSample>> {
  const train = await loadMnist({ ...data, limit: trainImages });
  const test = await loadMnist({ ...data, limit: testImages });
  const of = (split: string): Dataset<ImageSample> => (split === 'train' ? train : test);
  return {
    name: train.name,
    splits: ['train', 'test'],
    size: (split) => of(split).size(split),
    all: (split) => of(split).all(split),
    batches: (split, options) => of(split).batches(split, options),
  };
}
