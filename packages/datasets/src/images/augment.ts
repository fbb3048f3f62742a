/** Random crops and mirror images, by a seed. */
import {
  allocate,
  hostArray,
  OptionError,
  random as generator,
  ShapeError,
  type Dataset,
  type HostArray,
  type Random,
} from '@node-ode/core';
import { iterable } from '../memory/splits.ts';
import type { ImageSample } from './images.ts';

/** What is done to images at random. */
export interface AugmentOptions {
  /**
   * A window of the image's own size is cut out of the image with so many zeros on each side; 0 by default. CIFAR-10's
   * customary 4 moves the image by up to four pixels in each direction.
   */
  readonly padding?: number;
  /** Each image is mirrored left to right with probability ½; false by default. */
  readonly flip?: boolean;
}

/**
 * Crops and mirrors images, each of them by draws of its own: for one image a row, a column and a side, in this order, of
 * those that are asked for.
 *
 * @param images shape [samples, channels, height, width]
 * @returns a new array of the same shape
 * @throws ShapeError if there are not four axes; OptionError if `padding` is no integer from 0.
 * @example
 * const { x } = { x: array([[[[1, 2, 3]]]]) };
 * augment(x, random(1), { flip: true }); // [[[[1, 2, 3]]]] or [[[[3, 2, 1]]]]
 */
export function augment(images: HostArray, random: Random, options: AugmentOptions): HostArray {
  const { padding = 0, flip = false } = options;
  const [samples, channels, height, width] = images.shape;
  if (images.shape.length !== 4 || !samples || !channels || !height || !width) {
    throw new ShapeError('augment', `images of shape [${images.shape.join(', ')}]`, {
      expected: '[samples, channels, height, width]',
    });
  }
  if (!Number.isInteger(padding) || padding < 0) {
    throw new OptionError('augment', `padding ${padding}`, { expected: 'an integer from 0' });
  }
  const data = allocate(images.dtype, images.data.length);
  for (let i = 0; i < samples; i++) {
    const down = padding === 0 ? 0 : random.integer(2 * padding + 1) - padding;
    const right = padding === 0 ? 0 : random.integer(2 * padding + 1) - padding;
    const mirrored = flip && random.uniform() < 0.5;
    for (let c = 0; c < channels; c++) {
      const plane = (i * channels + c) * height * width;
      for (let row = Math.max(0, -down); row < Math.min(height, height - down); row++) {
        for (let column = Math.max(0, -right); column < Math.min(width, width - right); column++) {
          const to = plane + row * width + (mirrored ? width - 1 - column : column);
          data[to] = images.data[plane + (row + down) * width + column + right] ?? NaN;
        }
      }
    }
  }
  return hostArray(data, images.shape, images.dtype);
}

/**
 * The data set with its split `train` augmented in batches that are shuffled: the draws come from the generator that
 * shuffles. Batches in order, other splits and `all` give the images as they are.
 *
 * @throws OptionError if `padding` is no integer from 0.
 * @example
 * const data = augmented(imageDataset('black', { train: parseCifar10(new Uint8Array(3073)) }), { padding: 4, flip: true });
 * for (const { x } of data.batches('train', { batchSize: 128, random: random(1) })) console.log(x.shape);
 */
export function augmented<Data extends Dataset<ImageSample>>(data: Data, options: AugmentOptions): Data {
  const { padding = 0 } = options;
  if (!Number.isInteger(padding) || padding < 0) {
    throw new OptionError('augmented', `padding ${padding}`, { expected: 'an integer from 0' });
  }
  return {
    ...data,
    batches: (split, batching) => {
      const batches = data.batches(split, batching);
      if (split !== 'train' || batching.random === undefined) return batches;
      const state = batching.random.split().state();
      return iterable(function* () {
        const random = generator(state);
        for (const batch of batches) yield { ...batch, x: augment(batch.x, random, options) };
      });
    },
  };
}
