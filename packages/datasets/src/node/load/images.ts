/** Loaders of images: MNIST, CIFAR-10, SVHN. */
import { join } from 'node:path';
import { FormatError, OptionError } from '@node-ode/core';
import { badBytes } from '../../bytes/problem.ts';
import { parseCifar10 } from '../../images/cifar10.ts';
import { idxHeader, longestIdxHeader, parseIdx, type IdxArray } from '../../images/idx.ts';
import { imageDataset, type ImageDataset, type ImageOptions, type RawImages } from '../../images/images.ts';
import { parseSvhn } from '../../mat/svhn.ts';
import { readBytes } from '../files/byte-stream.ts';
import { tarMembers } from '../files/tar.ts';
import { inflateZlib } from './mat.ts';
import { findIn, folderOf, locate, type LoadOptions } from './locate.ts';
import { cifar10Source, mnistSources, svhnSources } from './sources.ts';

/** Where images are, and how they are given. */
export interface LoadImagesOptions extends LoadOptions, ImageOptions {}

/**
 * MNIST: 60,000 and 10,000 grey 28×28 images of digits, from its four IDX files, gzip or not, in the folder `mnist`.
 *
 * @throws OptionError if a file is missing; FormatError naming file and offset if one is truncated, damaged or foreign;
 * whatever `download` throws.
 * @example
 * // const mnist = await loadMnist({ download: true, root: 'data' });
 * // mnist.all('test').x.shape; // [10000, 1, 28, 28]
 */
export async function loadMnist(options: LoadImagesOptions = {}): Promise<ImageDataset> {
  const find = (source: (typeof mnistSources)[keyof typeof mnistSources]): Promise<string> =>
    locate('loadMnist', 'mnist', [source.file, source.file.replace(/\.gz$/, '')], source, options);
  const { trainImages, trainLabels, testImages, testLabels } = mnistSources;
  const train = await readIdxImages(await find(trainImages), await find(trainLabels));
  const test = await readIdxImages(await find(testImages), await find(testLabels));
  return imageDataset('mnist', { train, test }, options);
}

/**
 * Reads an IDX file, gzip or not. What its header claims is compared with what is there.
 *
 * @throws FormatError naming file and offset if it is truncated, damaged or foreign.
 * @example
 * // const { shape } = await loadIdx('data/mnist/train-images-idx3-ubyte.gz'); // [60000, 28, 28]
 */
export async function loadIdx(path: string, options: { readonly maxBytes?: number } = {}): Promise<IdxArray> {
  const expected = (head: Uint8Array): number => idxHeader(head, path).bytes;
  return parseIdx(await readBytes('loadIdx', path, { ...options, expected, prefix: longestIdxHeader }), {
    source: path,
  });
}

/** Grey images and their labels. */
async function readIdxImages(imagesPath: string, labelsPath: string): Promise<RawImages> {
  const [images, labels] = [await loadIdx(imagesPath), await loadIdx(labelsPath)];
  const [count = 0, height = 0, width = 0] = images.shape;
  if (images.shape.length !== 3 || !(images.data instanceof Uint8Array)) {
    throw badBytes('loadMnist', imagesPath, 0, `an array of shape [${images.shape.join(', ')}]`, {
      expected: 'bytes of shape [images, height, width]',
    });
  }
  if (labels.shape.length !== 1 || !(labels.data instanceof Uint8Array) || labels.shape[0] !== count) {
    throw badBytes('loadMnist', labelsPath, 0, `labels of shape [${labels.shape.join(', ')}]`, {
      expected: `${count} bytes, one for each image of ${imagesPath}`,
    });
  }
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong !== -1) {
    throw badBytes('loadMnist', labelsPath, 8 + wrong, `the label of image ${wrong} is ${labels.data[wrong] ?? ''}`, {
      expected: '0 to 9',
    });
  }
  return { shape: [1, height, width], pixels: images.data, labels: labels.data };
}

/** Where CIFAR-10 is. */
export interface LoadCifar10Options extends LoadImagesOptions {
  /** Files of binary records for each split, in the folder, gzip or not, instead of those that are looked for. */
  readonly files?: { readonly train: readonly string[]; readonly test: readonly string[] };
}

const batches = {
  train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  test: ['test_batch.bin'],
} as const;
/** One archive has all batches: 50,000 + 10,000 images of 3073 bytes. */
const batchBytes = 3073 * 10_000;

/**
 * CIFAR-10: 50,000 and 10,000 colour 32×32 images of ten classes, from its binary batches in the folder `cifar10`: as files
 * (`data_batch_1.bin` …, or in `cifar-10-batches-bin`, gzip or not), or in the archive `cifar-10-binary.tar.gz`.
 *
 * @throws OptionError if a file is missing; FormatError naming file and offset if one is truncated, damaged or foreign;
 * whatever `download` throws.
 * @example
 * // const cifar = await loadCifar10({ root: 'data', scale: 'standardized' });
 * // const augmentedCifar = augmented(cifar, { padding: 4, flip: true });
 */
export async function loadCifar10(options: LoadCifar10Options = {}): Promise<ImageDataset> {
  const folder = folderOf('loadCifar10', 'cifar10', options);
  const read = async (path: string): Promise<RawImages> =>
    parseCifar10(await readBytes('loadCifar10', path), { source: path });
  const readAll = async (paths: readonly string[]): Promise<RawImages> =>
    joined(await Promise.all(paths.map(async (path) => read(path))));
  if (options.files !== undefined) {
    const { train, test } = options.files;
    const inFolder = (names: readonly string[]): string[] => names.map((name) => join(folder, name));
    return imageDataset(
      'cifar10',
      { train: await readAll(inFolder(train)), test: await readAll(inFolder(test)) },
      options,
    );
  }
  const here = (name: string): string | undefined =>
    findIn(folder, [name, `${name}.gz`, `cifar-10-batches-bin/${name}`, `cifar-10-batches-bin/${name}.gz`]);
  const [train, test] = [batches.train, batches.test].map((names) =>
    names.map(here).filter((path) => path !== undefined),
  );
  if (train?.length === batches.train.length && test?.length === batches.test.length) {
    return imageDataset('cifar10', { train: await readAll(train), test: await readAll(test) }, options);
  }
  const archive = await locate('loadCifar10', 'cifar10', [], cifar10Source, options);
  return imageDataset('cifar10', await readArchive(archive), options);
}

async function readArchive(path: string): Promise<{ train: RawImages; test: RawImages }> {
  const found = new Map<string, RawImages>();
  const nameOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
  const wanted: readonly string[] = [...batches.train, ...batches.test];
  const isWanted = (name: string): boolean => wanted.includes(nameOf(name));
  for await (const { name, bytes } of tarMembers('loadCifar10', path, { isWanted, maxBytes: batchBytes })) {
    found.set(nameOf(name), parseCifar10(bytes, { source: `${path}, “${name}”` }));
  }
  const take = (names: readonly string[]): RawImages =>
    joined(
      names.map((name) => {
        const images = found.get(name);
        if (images !== undefined) return images;
        throw new FormatError('loadCifar10', `${path} has no file ${name}`, { expected: wanted.join(', ') });
      }),
    );
  return { train: take(batches.train), test: take(batches.test) };
}

/** Images of several files. */
function joined(parts: readonly RawImages[]): RawImages {
  const [first] = parts;
  if (first === undefined) throw new OptionError('loadCifar10', 'no files for a split', { expected: 'at least one' });
  if (parts.length === 1) return first;
  return {
    shape: first.shape,
    pixels: Buffer.concat(parts.map(({ pixels }) => pixels)),
    labels: Buffer.concat(parts.map(({ labels }) => labels)),
  };
}

/**
 * SVHN: 73,257 and 26,032 colour 32×32 images of house numbers' digits, from `train_32x32.mat` and `test_32x32.mat` in the folder
 * `svhn`. The label of a zero is 0.
 *
 * @throws OptionError if a file is missing; FormatError naming file and offset if one is truncated, damaged or foreign;
 * whatever `download` throws.
 * @example
 * // const svhn = await loadSvhn({ download: true, root: 'data' });
 */
export async function loadSvhn(options: LoadImagesOptions = {}): Promise<ImageDataset> {
  const read = async (source: (typeof svhnSources)['train' | 'test']): Promise<RawImages> => {
    const path = await locate('loadSvhn', 'svhn', [], source, options);
    return parseSvhn(await readBytes('loadSvhn', path), { source: path, inflate: inflateZlib });
  };
  return imageDataset('svhn', { train: await read(svhnSources.train), test: await read(svhnSources.test) }, options);
}
