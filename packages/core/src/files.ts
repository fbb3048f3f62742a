/** What packages that write files share: folders, and what a system's refusal says to the user. The file system is the host's. */
import { FileError } from './errors.ts';

/** Of `node:fs/promises` and `node:path`, or what stands in for them. */
export interface FolderHost {
  /** Makes one folder in another that is there. */
  readonly mkdir: (path: string) => Promise<unknown>;
  readonly dirname: (path: string) => string;
}

/**
 * Makes a folder, and those that it lies in; it may be there already. (Node's own `recursive` never returns below /proc.)
 *
 * @throws FileError if the system refuses.
 * @example
 * // import { mkdir } from 'node:fs/promises';
 * // import { dirname } from 'node:path';
 * const made: string[] = [];
 * await makeFolder('save', 'output/run', { mkdir: async (path) => made.push(path), dirname: () => '.' });
 */
export async function makeFolder(operation: string, path: string, host: FolderHost): Promise<void> {
  try {
    await makeWith(path, host);
  } catch (cause) {
    throw fileError(operation, `the folder ${path} can't be made`, cause);
  }
}

async function makeWith(path: string, host: FolderHost): Promise<void> {
  const make = (): Promise<void> =>
    host.mkdir(path).then(
      () => undefined,
      (error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw error;
      },
    );
  try {
    await make();
  } catch (error) {
    const parent = host.dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    await makeWith(parent, host);
    await make();
  }
}

/**
 * A refusal of the system as an error that says what to do; whatever else it is, as it is.
 *
 * @param problem What can't be done, with the path.
 * @example
 * const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
 * fileError('save', "model.safetensors can't be written", full);
 * // FileError: save: model.safetensors can't be written: no space is left on the device (ENOSPC). Free some, or choose …
 */
export function fileError(operation: string, problem: string, cause: unknown): unknown {
  const code = codeOf(cause);
  if (code === undefined || cause instanceof FileError) return cause;
  const [reason, advice] = Object.hasOwn(refusals, code) ? (refusals[code] ?? other) : other;
  const why = reason === '' && cause instanceof Error ? cause.message : `${reason} (${code})`;
  return new FileError(operation, `${problem}: ${why}`, { advice, cause });
}

/** The system's name of what went wrong. */
const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

const elsewhere = 'Choose another place.';
const other = ['', elsewhere] as const;

/** By the system's name: what it means, and what to do. */
const refusals: Readonly<Record<string, readonly [reason: string, advice: string]>> = {
  ENOSPC: ['no space is left on the device', 'Free some, or choose a place on another one.'],
  EDQUOT: ['the quota of disk space is used up', 'Free some, or choose a place on another device.'],
  EFBIG: ['the file would be larger than files may be here', 'Raise the limit (ulimit -f), or choose another place.'],
  EROFS: ['the file system is read-only', elsewhere],
  EACCES: ['this user has no right to', 'Choose another place, or change the rights of the folder.'],
  EPERM: ['this user has no right to', 'Choose another place, or change the rights of the folder.'],
  ENOTDIR: ['a part of the path is a file, no folder', elsewhere],
  EEXIST: ['something that is no folder is there', elsewhere],
  EISDIR: ['a folder is there', elsewhere],
  ENOTEMPTY: ['a folder is there', elsewhere],
  ENOENT: ['there is no such folder, and none can be made', elsewhere],
  ENAMETOOLONG: ['the name is too long', 'Choose a shorter one.'],
  ELOOP: ['its links lead in a circle', elsewhere],
  EMFILE: ['too many files are open', 'Raise the limit (ulimit -n).'],
  EIO: ['the device failed', 'Check the device, or choose a place on another one.'],
};
