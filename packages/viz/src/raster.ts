/** Pictures made of pixels, as PNGs within the SVG: a few bytes for each pixel where an element would take a hundred. */
import { encode } from 'fast-png';
import { element } from './svg.ts';

/** Pixels row by row from the top, with 1 (grey), 3 (colour) or 4 (colour and opacity) bytes each. */
export interface Raster {
  readonly columns: number;
  readonly rows: number;
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array;
}

/** Where a picture goes. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The raster stretched over a place, with sharp edges between its pixels. */
export function rasterImage(raster: Raster, place: Place): string {
  // browsers smooth enlarged pictures, and there is no word for `don't` that all renderers know: enlarge it here
  const across = enlargement(raster.columns, place.width);
  const { columns, rows, channels, data } = enlarge(raster, across, enlargement(raster.rows, place.height));
  const png = encode({ width: columns, height: rows, channels, depth: 8, data });
  return element('image', {
    ...place,
    preserveAspectRatio: 'none',
    'image-rendering': 'optimizeSpeed',
    href: `data:image/png;base64,${base64(png)}`,
  });
}

/** Smoothing over the edges of enlarged pixels is then narrower than a pixel of the screen. */
const enlargement = (count: number, pixels: number): number => Math.max(1, Math.ceil(pixels / Math.max(1, count)));

function enlarge({ columns, rows, channels, data }: Raster, across: number, down: number): Raster {
  const width = columns * across;
  const row = width * channels;
  const large = new Uint8Array(row * rows * down);
  for (let r = 0; r < rows; r++) {
    const start = r * down * row;
    for (let c = 0; c < width; c++) {
      const from = (r * columns + Math.floor(c / across)) * channels;
      large.set(data.subarray(from, from + channels), start + c * channels);
    }
    for (let copy = 1; copy < down; copy++) large.copyWithin(start + copy * row, start, start + row);
  }
  return { columns: width, rows: rows * down, channels, data: large };
}

/** In pieces, because an argument list has a limit. */
function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text);
}
