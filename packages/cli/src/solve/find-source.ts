/** The text of a system: a file, stdin, or one that comes along. */
import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { FileError, systemReason } from '../errors.ts';
import type { Io } from '../io.ts';
import { didYouMean } from '../names.ts';
import type { Source } from './source.ts';

const folder = new URL('../../systems/', import.meta.url);

/** Names of the systems that come along. */
export const builtInSystems = async (): Promise<readonly string[]> =>
  (await readdir(folder)).map((file) => file.replace(/\.ode$/, '')).sort();

const unreadable = (name: string, cause: unknown): FileError =>
  new FileError('solve', `${name} can't be read: ${systemReason(cause)}`, { expected: 'a file of text', cause });

/**
 * Reads a system: `-` is stdin, a path a file, and a plain name one that comes along if there is no such file.
 *
 * @throws FileError if there is neither, or it can't be read.
 */
export async function findSource(name: string, { cwd, stdin }: Pick<Io, 'cwd' | 'stdin'>): Promise<Source> {
  if (name === '-') return { name: 'stdin', text: await text(stdin) };
  try {
    return { name, text: await readFile(resolve(cwd, name), 'utf8') };
  } catch (cause) {
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (!isAbsent) throw unreadable(name, cause);
    const known = await builtInSystems();
    if (known.includes(name))
      return { name: `${name}.ode`, text: await readFile(new URL(`${name}.ode`, folder), 'utf8') };
    const advice = didYouMean(name, known);
    throw new FileError('solve', `there is no file ${name}`, {
      expected: `a file, - for stdin, or one of ${known.join(', ')}`,
      ...(advice === undefined ? {} : { advice }),
      cause,
    });
  }
}
