/** Files that are complete or not there. */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError, makeFolder } from '@node-ode/core';

/**
 * Writes a file beside its place under another name, then renames it; makes its folder if need be.
 *
 * @throws FileError if the disk is full or the place can't be written.
 */
export async function writeAtomically(operation: string, path: string, content: string | Uint8Array): Promise<void> {
  await makeFolder(operation, dirname(path), { mkdir, dirname });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // what went wrong first is what is told
    throw fileError(operation, `${path} can't be written`, error);
  }
}
