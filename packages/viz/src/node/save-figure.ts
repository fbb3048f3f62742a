/** Figures on disk, as SVG and PNG. */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError, makeFolder } from '@node-ode/core';
import type { Figure } from '../figure.ts';
import { renderPng, type PngOptions } from './render-png.ts';

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
  await makeFolder('saveFigure', dirname(path), { mkdir, dirname });
  await writeAtomically(`${path}.svg`, figure.svg);
  await writeAtomically(`${path}.png`, png);
  return { svg: `${path}.svg`, png: `${path}.png` };
}

async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // what went wrong first is what is told
    throw fileError('saveFigure', `${path} can't be written`, error);
  }
}
