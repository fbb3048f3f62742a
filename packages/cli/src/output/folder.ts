/** Folders that are written to. */
import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileError } from '../errors.ts';

/**
 * Makes a folder, and those around it, and finds out at once whether it can be written to. One by one: `recursive` never comes
 * back where the system refuses with ENOENT, as /proc does.
 *
 * @throws FileError if it can't be made or written to.
 */
export async function prepareFolder(path: string): Promise<void> {
  try {
    await make(path);
    await access(path, constants.W_OK);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FileError('out', `the folder ${path} can't be written to: ${reason}`, {
      expected: 'a folder that can be made, or is there',
      advice: 'Name another with --out.',
      cause,
    });
  }
}

async function make(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  if (dirname(path) !== path) await make(dirname(path));
  await mkdir(path).catch(async (error: unknown) => {
    const now = await stat(path).catch(() => undefined);
    if (now?.isDirectory() !== true) throw error;
  });
}
