/** One process at a time: a file that says whose turn it is. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { ExecutionError, fileError } from '@node-ode/core';

/**
 * Runs `task` while `lock` holds this process's number. A lock of a process that is gone is taken over.
 *
 * @throws ExecutionError if a running process, this one included, holds it; FileError if it can't be written.
 */
export async function withLock(lock: string, path: string, task: () => Promise<void>): Promise<void> {
  const acquire = (): Promise<void> => writeFile(lock, String(process.pid), { flag: 'wx' });
  await acquire().catch(async (cause: unknown) => {
    if (!isCode(cause, 'EEXIST')) throw unwritable(lock, cause);
    const owner = Number(await readFile(lock, 'utf8').catch(() => '0'));
    if (isRunning(owner)) {
      throw new ExecutionError('download', `process ${owner} is downloading ${path}`, {
        expected: 'one download of a file at a time',
        advice: `Wait for it. If there is none, delete ${lock}.`,
      });
    }
    await rm(lock, { force: true });
    await acquire().catch((again: unknown) => {
      throw unwritable(lock, again);
    });
  });
  try {
    await task();
  } finally {
    await rm(lock, { force: true });
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** The error of a path that can't be written. */
export const unwritable = (path: string, cause: unknown): unknown =>
  fileError('download', `${path} can't be written`, cause);
