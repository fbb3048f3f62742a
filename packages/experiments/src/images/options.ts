/** Options of experiments that train on MNIST: the authors' settings, and a small run. */
import type { StemKind } from '@node-ode/model-node';
import { integer, oneOf, real, type OptionsOf } from '../lab/index.ts';

export const mnistOptions = {
  epochs: integer('times through the data', { full: 160, quick: 3 }),
  batchSize: integer('images in a batch', { full: 128, quick: 32 }),
  learningRate: real('learning rate; a tenth of it after 3/8, 5/8 and 7/8 of the epochs', 0.1),
  width: integer('channels after the stem', { full: 64, quick: 16 }),
  stem: oneOf<StemKind>('stem of the image networks', ['convolutional', 'residual'], 'convolutional'),
  tol: real('relative and absolute tolerance of the solves', 1e-3),
  crop: integer('pixels by which images are moved at random', { full: 4, quick: 0 }, { min: 0 }),
  trainImages: integer('images to train on', { full: 60_000, quick: 4000 }, { max: 60_000 }),
  testImages: integer('images to test with', { full: 10_000, quick: 2000 }, { max: 10_000 }),
};

/** Their values. */
export type MnistOptions = OptionsOf<typeof mnistOptions>;

/** What a run was, and what the authors' is: a note for the results. */
export const describeRun = ({ trainImages, testImages, epochs, width, batchSize, crop }: MnistOptions): string =>
  `${trainImages} training images${crop === 0 ? '' : ` moved by up to ${crop} pixels`} in batches of ${batchSize}, ${testImages} test images, ${epochs} epochs, width ${width}. The authors' code has 60000 images moved by up to 4 pixels in batches of 128, 10000 test images, 160 epochs, width 64.`;
