/** IDX larger than memory. */
import { allocate, hostArray, type FloatDType } from '@node-ode/core';
import { badBytes, claimedSize } from '../../bytes/problem.ts';
import { checkIdxLength, idxElements, idxHeader, type IdxArray, type IdxHeader } from '../../images/idx.ts';
import type { ImageSample } from '../../images/images.ts';
import { positiveInteger } from '../../memory/splits.ts';
import { byteQueue, type ByteQueue } from '../files/byte-queue.ts';
import { byteStream, fileFacts } from '../files/byte-stream.ts';

/** How a file is streamed. */
export interface StreamIdxOptions {
  /** Rows (axis 0) of each array but the last; 128 by default. */
  readonly batchSize?: number;
  /** Bytes of the largest batch that is accepted; 2²⁸ by default. */
  readonly maxBytes?: number;
}

/**
 * An IDX file, gzip or not, as arrays of so many rows, one after another, in memory for one of them.
 *
 * @throws FormatError naming file and offset if it is truncated, damaged or foreign, or a batch is larger than `maxBytes`; OptionError
 * if `batchSize` is no positive integer.
 * @example
 * // for await (const { shape, data } of streamIdx('train-images-idx3-ubyte.gz')) console.log(shape); // [128, 28, 28]
 */
export async function* streamIdx(path: string, options: StreamIdxOptions = {}): AsyncGenerator<IdxArray> {
  const { batchSize = 128, maxBytes = 2 ** 28 } = options;
  positiveInteger('streamIdx', 'batchSize', batchSize);
  const { size, isGzip } = await fileFacts('streamIdx', path);
  const queue = byteQueue('streamIdx', path, byteStream('streamIdx', path));
  try {
    const header = await takeHeader(path, queue);
    if (!isGzip) checkIdxLength(header, size, path);
    const { shape, type, offset } = header;
    const [rows = 0, ...rest] = shape;
    const width = claimedSize(rest);
    const largest = Math.min(batchSize, rows) * width * type.width;
    if (largest > maxBytes) {
      throw badBytes('streamIdx', path, offset, `a batch of ${largest} bytes`, {
        expected: `at most ${maxBytes}: rows have shape [${rest.join(', ')}]`,
        advice: 'Choose a smaller batchSize, or raise `maxBytes`.',
      });
    }
    for (let row = 0; row < rows && width > 0; row += batchSize) {
      const count = Math.min(batchSize, rows - row);
      const bytes = await queue.take(count * width * type.width, `row ${row} or one after it`);
      yield { shape: [count, ...rest], data: idxElements(type, bytes, count * width) };
    }
    if (!(await queue.isAtEnd())) {
      throw badBytes('streamIdx', path, queue.offset, 'the data goes on after the last element', {
        expected: `the elements of an array of shape [${shape.join(', ')}] and nothing else`,
      });
    }
  } finally {
    await queue.close();
  }
}

async function takeHeader(path: string, queue: ByteQueue): Promise<IdxHeader> {
  const start = await queue.upTo(4);
  const rank = start.length < 4 ? 0 : (start[3] ?? 0);
  return idxHeader(Buffer.concat([start, await queue.upTo(4 * rank)]), path);
}

/**
 * Labelled images in two IDX files, such as MNIST's, as batches in the files' order, in memory for one of them; pixels are divided
 * by 255.
 *
 * @throws FormatError as `streamIdx`, and if there are not as many labels as images, or not bytes of shape [n, height, width].
 * @example
 * // for await (const { x, label } of streamIdxImages('images.gz', 'labels.gz', { batchSize: 64 })) console.log(x.shape);
 */
export async function* streamIdxImages(
  imagesPath: string,
  labelsPath: string,
  options: StreamIdxOptions & { readonly dtype?: FloatDType } = {},
): AsyncGenerator<ImageSample> {
  const { dtype = 'f32', ...streaming } = options;
  const labels = streamIdx(labelsPath, streaming);
  try {
    for await (const { shape, data } of streamIdx(imagesPath, streaming)) {
      const next = await labels.next();
      const [count = 0, height = 0, width = 0] = shape;
      if (shape.length !== 3 || !(data instanceof Uint8Array)) {
        throw badBytes('streamIdxImages', imagesPath, 0, `images of shape [${shape.join(', ')}]`, {
          expected: 'bytes of shape [images, height, width]',
        });
      }
      const values = next.done === true ? undefined : next.value;
      if (values?.shape.length !== 1 || values.data.length !== count || !(values.data instanceof Uint8Array)) {
        throw badBytes('streamIdxImages', labelsPath, 0, 'the labels are not as many as the images', {
          expected: `bytes, one for each image of ${imagesPath}`,
        });
      }
      const x = allocate(dtype, data.length);
      for (let i = 0; i < data.length; i++) x[i] = (data[i] ?? NaN) / 255;
      yield {
        x: hostArray(x, [count, 1, height, width], dtype),
        label: hostArray(Int32Array.from(values.data), [count], 'i32'),
      };
    }
    if ((await labels.next()).done !== true) {
      throw badBytes('streamIdxImages', labelsPath, 0, 'there are more labels than images', {
        expected: `one for each image of ${imagesPath}`,
      });
    }
  } finally {
    await labels.return(undefined);
  }
}
