/** The binary batches of CIFAR-10: a label, then 32×32 red, green and blue pixels, image after image. */
import { badBytes } from '../bytes/problem.ts';
import type { RawImages } from './images.ts';

/** Names of the classes, by label. */
export const cifar10Classes = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
] as const;

const pixels = 3 * 32 * 32;
const record = 1 + pixels;

/**
 * Reads one or several batches, one after another in `bytes`.
 *
 * @throws FormatError naming source and offset if the data ends within an image or has a label above 9.
 * @example
 * const { labels } = parseCifar10(new Uint8Array(3073)); // one black image of class 0
 */
export function parseCifar10(bytes: Uint8Array, options: { readonly source?: string } = {}): RawImages {
  const { source = 'CIFAR-10' } = options;
  const count = Math.floor(bytes.length / record);
  if (count === 0 || bytes.length % record !== 0) {
    throw badBytes('parseCifar10', source, count * record, `${bytes.length - count * record} bytes are no image`, {
      expected: `images of ${record} bytes each: a label and ${pixels} pixels`,
      advice: 'The file is truncated, or is no binary batch of CIFAR-10.',
    });
  }
  const images = { shape: [3, 32, 32], pixels: new Uint8Array(count * pixels), labels: new Uint8Array(count) } as const;
  for (let i = 0; i < count; i++) {
    const label = bytes[i * record] ?? NaN;
    if (label >= cifar10Classes.length) {
      throw badBytes('parseCifar10', source, i * record, `the label of image ${i} is ${label}`, {
        expected: '0 to 9',
        advice: 'The file is damaged, or is no binary batch of CIFAR-10.',
      });
    }
    images.labels[i] = label;
    images.pixels.set(bytes.subarray(i * record + 1, (i + 1) * record), i * pixels);
  }
  return images;
}
