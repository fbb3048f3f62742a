/** SVG to pixels with resvg (WebAssembly, no browser, no native code) and the DejaVu fonts from npm. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { OptionError } from '@node-ode/core';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

const resolve = createRequire(import.meta.url).resolve;
const fonts = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'];

const loadEngine = async (): Promise<void> => {
  try {
    await initWasm(await readFile(resolve('@resvg/resvg-wasm/index_bg.wasm')));
  } catch (error) {
    // another copy of this package, or the application itself, started the one engine of the process
    if (!String(error).includes('Already initialized')) throw error;
  }
};

const loadFonts = (): Promise<Uint8Array[]> =>
  Promise.all(fonts.map((file) => readFile(resolve(`dejavu-fonts-ttf/ttf/${file}`))));

let started: Promise<Uint8Array[]> | undefined;

/** Starts the engine and reads the fonts, once. */
const start = (): Promise<Uint8Array[]> => (started ??= loadEngine().then(loadFonts));

/** How an SVG becomes pixels. */
export interface RasterOptions {
  /** Pixels for each pixel of the SVG. */
  readonly scale: number;
}

/** A drawn picture, for as long as `withPixels` lasts. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** RGBA, a copy. */
  readonly pixels: Uint8Array;
  /** The bytes of a PNG file. */
  asPng(): Uint8Array;
}

/**
 * Draws an SVG and gives the picture to `use`. Its memory is given back afterwards.
 *
 * @throws OptionError if `scale` is not a positive number.
 */
export async function withPixels<T>(
  operation: string,
  svg: string,
  { scale }: RasterOptions,
  use: (image: Pixels) => T,
): Promise<T> {
  if (!(scale > 0) || !Number.isFinite(scale)) {
    throw new OptionError(operation, `scale ${scale}`, { expected: 'a positive number' });
  }
  const fontBuffers = await start();
  const renderer = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: scale },
    font: { fontBuffers, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  });
  try {
    const image = renderer.render();
    try {
      return use(image);
    } finally {
      image.free();
    }
  } finally {
    renderer.free();
  }
}
