/** SVHN's cropped digits: a MAT-file with images X [32, 32, 3, n] and labels y [n, 1], where 10 is the digit 0. */
import { FormatError } from '@node-ode/core';
import type { RawImages } from '../images/images.ts';
import { parseMat, type MatOptions } from './parse.ts';

/**
 * Images of a MAT-file of cropped digits, row-major as [image, channel, row, column].
 *
 * @throws FormatError naming source and what is wrong: whatever `parseMat` finds, other shapes, a label not in 1 … 10.
 * @example
 * // const train = parseSvhn(bytes, { inflate }); // in Node: loadSvhn of '@node-ode/datasets/node'
 */
export function parseSvhn(bytes: Uint8Array, options: Omit<MatOptions, 'names'> = {}): RawImages {
  const { source = 'SVHN' } = options;
  const variables = parseMat(bytes, { ...options, source, names: ['X', 'y'] });
  const [X, y] = ['X', 'y'].map((name) => variables.find((variable) => variable.name === name));
  const count = y?.data.length ?? 0;
  const [height = 0, width = 0, channels = 0, images = 1] = X?.shape ?? [];
  const isBytes = X?.data instanceof Uint8Array;
  if (X === undefined || y === undefined || count === 0 || channels !== 3 || images !== count || !isBytes) {
    throw new FormatError(
      'parseSvhn',
      `${source}: X has shape [${X?.shape.join(', ') ?? ''}]${isBytes ? '' : ' and holds no bytes'}, y ${count} labels`,
      { expected: 'X of bytes, shape [height, width, 3, n], and n labels, at least one' },
    );
  }
  const labels = Uint8Array.from(y.data, (label, i) => {
    if (Number.isInteger(label) && label >= 1 && label <= 10) return label % 10;
    throw new FormatError('parseSvhn', `${source}: the label of image ${i} is ${label}`, { expected: '1 to 10' });
  });
  return { shape: [channels, height, width], labels, pixels: rowMajor(X.data, count * channels, height, width) };
}

/** Planes whose rows run fastest to planes whose columns do. */
function rowMajor(data: ArrayLike<number>, planes: number, height: number, width: number): Uint8Array {
  const pixels = new Uint8Array(data.length);
  for (let p = 0; p < planes; p++) {
    const start = p * height * width;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        pixels[start + row * width + column] = data[start + column * height + row] ?? 0;
      }
    }
  }
  return pixels;
}
