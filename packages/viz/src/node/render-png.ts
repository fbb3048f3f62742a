/** SVG to PNG. */
import { withPixels } from './render-pixels.ts';

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
export const renderPng = (svg: string, { scale = 2 }: PngOptions = {}): Promise<Uint8Array> =>
  withPixels('renderPng', svg, { scale }, (image) => image.asPng());
