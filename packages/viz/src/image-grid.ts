/** Images row by row, such as digits with what a model made of them. */
import { OptionError, ShapeError, type HostArray } from '@node-ode/core';
import { figure, type Figure } from './figure.ts';
import { ink } from './palette.ts';
import { rasterImage, type Raster } from './raster.ts';
import { label, translate } from './svg.ts';
import { fontSize } from './text.ts';

/** What a grid of images shows. */
export interface ImageGridOptions {
  /** [samples, channels, height, width] with 1 (grey) or 3 (red, green, blue) channels. */
  readonly images: HostArray;
  /** Values of no light and full light; 0 and 1 by default. */
  readonly range?: readonly [number, number];
  /** Below each image. */
  readonly captions?: readonly string[];
  /** Images in a row; 10 by default. */
  readonly columns?: number;
  /** Width of an image in pixels; 56 by default. */
  readonly size?: number;
  readonly title?: string;
}

const [gap, edge] = [8, 16];

/**
 * Images row by row.
 *
 * @throws ShapeError if `images` is not [samples, 1 or 3, height, width], or captions are not one for each.
 * @throws OptionError if a size is not positive or the range is empty.
 * @example
 * const images = hostArray(new Float32Array(2 * 28 * 28), [2, 1, 28, 28], 'f32');
 * const { svg } = imageGrid({ title: 'Mistakes', images, captions: ['4 → 9', '7 → 1'] });
 */
export function imageGrid(options: ImageGridOptions): Figure {
  const { images, range = [0, 1], captions = [], columns = 10, size = 56, title = '' } = options;
  const [samples = 0, channels = 0, rows = 0, across = 0] = images.shape;
  if (images.shape.length !== 4 || (channels !== 1 && channels !== 3) || rows * across === 0) {
    throw new ShapeError('imageGrid', `images of shape [${images.shape.join(', ')}]`, {
      expected: '[samples, 1 or 3 channels, height, width]',
    });
  }
  if (captions.length !== 0 && captions.length !== samples) {
    throw new ShapeError('imageGrid', `${captions.length} captions for ${samples} images`, {
      expected: 'one for each, or none',
    });
  }
  if (!(Number.isInteger(columns) && columns > 0 && size > 0) || !(range[0] < range[1])) {
    throw new OptionError('imageGrid', `${columns} columns, size ${size}, values from ${range.join(' to ')}`, {
      expected: 'a positive integer, a positive size, and a range that grows',
    });
  }
  const height = (size * rows) / across;
  const pitch = { x: size + gap, y: height + gap + (captions.length === 0 ? 0 : fontSize.tick + 4) };
  const top = edge + (title === '' ? 0 : fontSize.title + 10);
  const heading = { x: edge, y: edge + fontSize.title * 0.85, 'font-size': fontSize.title, 'font-weight': 'bold' };
  const caption = { x: size / 2, y: height + fontSize.tick + 2, 'font-size': fontSize.tick, 'text-anchor': 'middle' };
  const inRow = Math.min(columns, Math.max(1, samples));
  return figure(
    Math.round(2 * edge + inRow * pitch.x - gap),
    Math.round(top + Math.ceil(samples / columns) * pitch.y - gap + edge),
    [
      title === '' ? '' : label(title, { ...heading, fill: ink.text }),
      ...Array.from({ length: samples }, (_, i) =>
        translate(edge + (i % columns) * pitch.x, top + Math.floor(i / columns) * pitch.y, [
          rasterImage(rasterOf(images, i, range), { x: 0, y: 0, width: size, height }),
          captions[i] === undefined ? '' : label(captions[i], { ...caption, fill: ink.text }),
        ]),
      ),
    ],
  );
}

/** One image as bytes, channels last. */
function rasterOf({ data, shape }: HostArray, sample: number, [low, high]: readonly [number, number]): Raster {
  const [, count = 1, rows = 0, columns = 0] = shape;
  const pixels = rows * columns;
  const bytes = Uint8Array.from({ length: pixels * count }, (_, i) => {
    const from = (sample * count + (i % count)) * pixels + Math.floor(i / count);
    const share = ((data[from] ?? NaN) - low) / (high - low);
    return Math.round(255 * Math.min(1, Math.max(0, share)));
  });
  return { columns, rows, channels: count === 3 ? 3 : 1, data: bytes };
}
