/** SVG to PNG with resvg (WebAssembly, no browser, no native code) and the DejaVu fonts from npm. */
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
export interface PngOptions {
  /** Pixels of the PNG for each pixel of the SVG; 2 by default. */
  readonly scale?: number;
}

/**
 * The bytes of a PNG file. Text is set in DejaVu Sans, whatever fonts the machine has.
 *
 * @throws OptionError if `scale` is not a positive number.
 * @example
 * const png = await renderPng(lineChart(options).svg, { scale: 2 });
 */
export async function renderPng(svg: string, options: PngOptions = {}): Promise<Uint8Array> {
  const { scale = 2 } = options;
  if (!(scale > 0) || !Number.isFinite(scale)) {
    throw new OptionError('renderPng', `scale ${scale}`, { expected: 'a positive number' });
  }
  const fontBuffers = await start();
  const renderer = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: scale },
    font: { fontBuffers, defaultFontFamily: 'DejaVu Sans', sansSerifFamily: 'DejaVu Sans' },
  });
  const image = renderer.render();
  const png = image.asPng();
  image.free();
  renderer.free();
  return png;
}
