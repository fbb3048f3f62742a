/** Data sets of labelled images, held as bytes and made numbers of batch by batch. */
import { allocate, hostArray, OptionError, type Dataset, type FloatDType, type HostArray } from '@node-ode/core';
import { chunks, inOrder, iterable, positiveInteger, splitOf } from '../memory/splits.ts';

/** Images and what they show. */
export interface ImageSample {
  /** Shape [samples, channels, height, width]. */
  readonly x: HostArray;
  /** Classes, i32, shape [samples]. */
  readonly label: HostArray;
}

/** Images as files have them. */
export interface RawImages {
  /** Channels, height, width. */
  readonly shape: readonly [channels: number, height: number, width: number];
  /** Row-major: image, channel, row, column. */
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

/** How pixels are given. */
export interface ImageOptions {
  /** `f32` by default. */
  readonly dtype?: FloatDType;
  /**
   * `unit`: pixel / 255, the default. `standardized`: of this each channel's mean over the split `train` is subtracted, and
   * the rest is divided by its standard deviation.
   */
  readonly scale?: 'unit' | 'standardized';
  /** So many images of each split, the first ones; all by default. */
  readonly limit?: number;
}

/** A data set of images. */
export interface ImageDataset extends Dataset<ImageSample> {
  /** Channels, height, width. */
  readonly shape: readonly [channels: number, height: number, width: number];
  /** For each channel what is subtracted from pixel / 255, and what the rest is divided by. */
  readonly channels: readonly { readonly mean: number; readonly std: number }[];
}

/**
 * A data set of labelled images, held as bytes: batches, and what `all` gives, are made of them when they are asked for.
 *
 * @throws OptionError if there is no split `train` to standardise by, a split is empty, or `limit` is no positive integer.
 * @example
 * const train = parseCifar10(new Uint8Array(3073));
 * const data = imageDataset('black', { train });
 * data.all('train').x.shape; // [1, 3, 32, 32]
 */
export function imageDataset(
  name: string,
  splits: Readonly<Record<string, RawImages>>,
  options: ImageOptions = {},
): ImageDataset {
  const { dtype = 'f32', scale = 'unit', limit } = options;
  if (limit !== undefined) positiveInteger(name, 'limit', limit);
  const [first] = Object.values(splits);
  if (first === undefined) throw new OptionError(name, 'no splits', { expected: 'at least one' });
  const { shape } = first;
  const [channels, height, width] = shape;
  for (const [split, images] of Object.entries(splits)) checkImages(`${name}, split “${split}”`, images, shape);
  const parts = Object.fromEntries(Object.entries(splits).map(([split, raw]) => [split, firstOf(raw, limit)]));
  const scales =
    scale === 'unit'
      ? Array.from({ length: channels }, () => ({ mean: 0, std: 1 }))
      : channelScales(splitOf(name, parts, 'train'));

  const take = ({ pixels, labels }: RawImages, indices: Int32Array): ImageSample => {
    const [size, plane] = [channels * height * width, height * width];
    const x = allocate(dtype, indices.length * size);
    for (let i = 0; i < indices.length; i++) {
      const from = (indices[i] ?? 0) * size;
      for (let c = 0; c < channels; c++) {
        const { mean = 0, std = 1 } = scales[c] ?? {};
        for (let k = c * plane; k < (c + 1) * plane; k++) {
          x[i * size + k] = ((pixels[from + k] ?? NaN) / 255 - mean) / std;
        }
      }
    }
    return {
      x: hostArray(x, [indices.length, ...shape], dtype),
      label: hostArray(
        Int32Array.from(indices, (index) => labels[index] ?? -1),
        [indices.length],
        'i32',
      ),
    };
  };
  const count = (split: string): number => splitOf(name, parts, split).labels.length;
  return {
    name,
    shape,
    channels: scales,
    splits: Object.keys(parts),
    size: count,
    all: (split) => take(splitOf(name, parts, split), inOrder(count(split))),
    batches: (split, { batchSize, random, dropLast = false }) => {
      const part = splitOf(name, parts, split);
      positiveInteger(`${name}.batches`, 'batchSize', batchSize);
      const indices = random === undefined ? inOrder(count(split)) : random.shuffle(count(split));
      return iterable(function* () {
        for (const some of chunks(indices, batchSize, dropLast)) yield take(part, some);
      });
    },
  };
}

function checkImages(where: string, { shape, pixels, labels }: RawImages, expected: readonly number[]): void {
  const size = expected.reduce((product, extent) => product * extent, 1);
  if (labels.length === 0 || pixels.length !== labels.length * size || shape.join() !== expected.join()) {
    throw new OptionError(where, `${pixels.length} pixels of images [${shape.join(', ')}], ${labels.length} labels`, {
      expected: `at least one image [${expected.join(', ')}], and a label for each`,
    });
  }
}

const firstOf = (images: RawImages, limit = Infinity): RawImages => {
  const count = Math.min(limit, images.labels.length);
  const size = images.pixels.length / images.labels.length;
  return { ...images, pixels: images.pixels.subarray(0, count * size), labels: images.labels.subarray(0, count) };
};

/** Mean and deviation of each channel of pixel / 255, from exact sums of integers. */
function channelScales({ shape, pixels }: RawImages): { mean: number; std: number }[] {
  const [channels, height, width] = shape;
  const plane = height * width;
  const counts = Array.from({ length: channels }, () => new Float64Array(256));
  for (let i = 0; i < pixels.length; i++) {
    const histogram = counts[Math.floor(i / plane) % channels];
    const value = pixels[i];
    if (histogram !== undefined && value !== undefined) histogram[value] = (histogram[value] ?? 0) + 1;
  }
  const n = pixels.length / channels;
  return counts.map((histogram) => {
    const mean = histogram.reduce((sum, count, value) => sum + count * value, 0) / n;
    const variance = histogram.reduce((sum, count, value) => sum + count * (value - mean) ** 2, 0) / n;
    return { mean: mean / 255, std: variance > 0 ? Math.sqrt(variance) / 255 : 1 };
  });
}
