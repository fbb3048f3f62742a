/** Files that are complete or not there, whatever happens while they are written. */
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError, makeFolder } from '@node-ode/core';

/** What the names of files that are not complete end with. */
export const temporarySuffix = '.tmp';

/**
 * Writes a file, and the folder it is in if need be. It is written beside its place until it is on the disk, and then named: a reader
 * sees all of it or none, and what was there before stays if it fails.
 *
 * @param operation What errors name.
 * @throws FileError if the disk is full, the folder can't be written or there is none: with what to do.
 * @example
 * await writeFileAtomically('save', 'output/metrics.json', JSON.stringify({ rmse: 0.1 }));
 */
export async function writeFileAtomically(
  operation: string,
  path: string,
  content: Uint8Array | string,
): Promise<void> {
  await makeFolder(operation, dirname(path), { mkdir, dirname });
  try {
    await writeThenRename(path, content);
  } catch (cause) {
    throw fileError(operation, `${path} can't be written`, cause);
  }
}

/**
 * Makes a folder and writes something into it, for a moment: whoever works for hours should know before that the results can be kept.
 *
 * @param operation What errors name.
 * @throws FileError if the folder can't be made or written.
 * @example
 * await requireWritable('train', 'output');
 */
export async function requireWritable(operation: string, folder: string): Promise<void> {
  await makeFolder(operation, folder, { mkdir, dirname });
  const probe = join(folder, `.${randomUUID()}${temporarySuffix}`);
  try {
    await writeFile(probe, 'x');
    await rm(probe);
  } catch (cause) {
    await rm(probe, { force: true }).catch(() => undefined);
    throw fileError(operation, `${folder} can't be written`, cause);
  }
}

async function writeThenRename(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}${temporarySuffix}`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // what went wrong first is what is told
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Makes a new name last. Where folders can't be opened (Windows), the system does so by itself. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  if (folder === undefined) return;
  try {
    await folder.sync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && code !== 'EPERM' && code !== 'EISDIR') throw error;
  } finally {
    await folder.close();
  }
}
