/** Files that are complete or not there. */
import { extname, resolve } from 'node:path';
import { writeFileAtomically } from '@node-ode/train/node';
import type { Figure } from '@node-ode/viz';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';

/**
 * Writes a file, and the folder that it is in if need be.
 *
 * @returns the path as it was given
 * @throws FileError if the disk is full, or the place can't be written.
 */
export async function writeWhole(
  { cwd }: Pick<Io, 'cwd'>,
  path: string,
  content: string | Uint8Array,
): Promise<string> {
  await writeFileAtomically('write', resolve(cwd, path), content);
  return path;
}

/** @throws UsageError for a picture's path that ends neither in .svg nor in .png: before anything is computed for it. */
export function requirePicturePath(flag: string, path: string | undefined): void {
  if (path === undefined || ['.svg', '.png'].includes(extname(path).toLowerCase())) return;
  throw new UsageError(flag, `the picture ${path}`, { expected: 'a path that ends in .svg or .png' });
}

/** Writes a picture as SVG or PNG, as its path says. */
export async function writePicture(io: Pick<Io, 'cwd'>, path: string, figure: Figure): Promise<string> {
  if (extname(path).toLowerCase() === '.svg') return writeWhole(io, path, figure.svg);
  const { renderPng } = await import('@node-ode/viz/node');
  return writeWhole(io, path, await renderPng(figure.svg));
}
