/** CIFAR-10: an ODE-Net beside a plain convolutional network on one split. */
import { OptionError, type HostArray } from '@node-ode/core';
import type { ImageDataset } from '@node-ode/datasets';
import { loadCifar10, type LoadOptions } from '@node-ode/datasets/node';
import { cnn, imageOdeNet, withoutBlock } from '@node-ode/model-node';
import { crossEntropy } from '@node-ode/nn';
import type { Lab } from '../lab/index.ts';
import { accuracyOf, trainNetwork, type Examples } from './network.ts';
import { odeOn } from './ode.ts';

/** A network's accuracy on the test images. */
export interface ImageScore {
  readonly accuracy: number;
  readonly parameters: number;
  readonly seconds: number;
  readonly nfe: readonly [forward: number, backward: number];
}

/** What one seed gives. */
export type ImageScores = Readonly<Record<'odeNet' | 'noBlock' | 'cnn', ImageScore>>;

/** How large a run is. */
export interface CifarOptions {
  readonly epochs: number;
  /** Images to train on; all there are if it is more. */
  readonly images: number;
  /** Channels of the ODE-Net. */
  readonly width: number;
  readonly seed: number;
}

/** Decoded from JPEG, 5,000 and 1,000: what stands in for the data set where that is not at hand. */
const subset = { train: ['train_jpeg_5000.bin.gz'], test: ['test_jpeg_1000.bin.gz'] };

/** The whole data set if it is there, else the subset, else undefined. */
export async function cifarImages(data: Pick<LoadOptions, 'root'>): Promise<ImageDataset | undefined> {
  const options = { ...data, scale: 'standardized' } as const;
  for (const files of [{}, { files: subset }]) {
    try {
      return await loadCifar10({ ...options, ...files });
    } catch (error) {
      // The next one may be there; a damaged file is another error.
      if (!(error instanceof OptionError) && !isMissing(error)) throw error;
    }
  }
  return undefined;
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** The networks on one split. */
export async function imageScores(
  images: ImageDataset,
  { epochs, images: most, width, seed }: CifarOptions,
  lab: Lab,
): Promise<ImageScores> {
  const train = first(images.all('train'), most);
  const test = images.all('test');
  const ode = odeOn(lab.backend);
  const node = imageOdeNet({ ode, channels: 3, outputs: 10, width });
  const models = { odeNet: node, noBlock: withoutBlock(node), cnn: cnn({ image: [3, 32, 32], outputs: 10 }) };
  const score = async (name: keyof typeof models): Promise<ImageScore> => {
    const how = { batchSize: 32, learningRate: 2e-3, weightDecay: 1e-3 };
    const training = { id: `cifar/${name}/${seed}`, loss: crossEntropy, train, epochs, seed, ...how };
    // One at a time: their types differ.
    const trained =
      name === 'odeNet'
        ? await trainNetwork(models.odeNet, training, lab)
        : name === 'cnn'
          ? await trainNetwork(models.cnn, training, lab)
          : await trainNetwork(models.noBlock, training, lab);
    const { parameters, seconds, nfe } = trained;
    return { accuracy: accuracyOf(await trained.predict(test.x), test.label.data), parameters, seconds, nfe };
  };
  return { odeNet: await score('odeNet'), noBlock: await score('noBlock'), cnn: await score('cnn') };
}

/** The first images: the subset has the classes in turn. */
function first({ x, label }: { readonly x: HostArray; readonly label: HostArray }, most: number): Examples {
  const [rows = 0, ...rest] = x.shape;
  const count = Math.min(rows, most);
  const size = rest.reduce((product, n) => product * n, 1);
  return {
    x: { ...x, data: x.data.slice(0, count * size), shape: [count, ...rest] },
    target: { ...label, data: label.data.slice(0, count), shape: [count] },
  };
}
