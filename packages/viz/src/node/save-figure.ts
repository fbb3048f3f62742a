/** Figures on disk, as SVG and PNG. */
import type { Figure } from '../figure.ts';
import { renderPng, type PngOptions } from './render-png.ts';
import { writeAtomically } from './write-atomically.ts';

/** The files that were written. */
export interface SavedFigure {
  readonly svg: string;
  readonly png: string;
}

/**
 * Writes `path`.svg and `path`.png, and the folder they are in if need be. Each file is complete or not there: it is
 * written beside its place under another name, then renamed.
 *
 * @throws FileError if the disk is full or the place can't be written.
 * @example
 * await saveFigure(lineChart(options), 'output/fit'); // output/fit.svg, output/fit.png
 */
export async function saveFigure(figure: Figure, path: string, options: PngOptions = {}): Promise<SavedFigure> {
  const png = await renderPng(figure.svg, options);
  await writeAtomically('saveFigure', `${path}.svg`, figure.svg);
  await writeAtomically('saveFigure', `${path}.png`, png);
  return { svg: `${path}.svg`, png: `${path}.png` };
}
