import { describe, expect, it } from 'vitest';
import { FileError } from './errors.ts';
import { fileError, makeFolder, type FolderHost } from './files.ts';

const systemError = (code: string): Error => Object.assign(new Error(`${code}: mkdir`), { code });

/** A file system of folders; below `/proc` there is nothing, and nothing can be made. */
function host(
  ...there: readonly string[]
): FolderHost & { readonly folders: ReadonlySet<string>; readonly calls: string[] } {
  const folders = new Set(['/', '/proc', ...there]);
  const calls: string[] = [];
  const dirname = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';
  const mkdir = (path: string): Promise<void> => {
    calls.push(path);
    if (folders.has(path)) return Promise.reject(systemError('EEXIST'));
    if (!folders.has(dirname(path)) || dirname(path) === '/proc') return Promise.reject(systemError('ENOENT'));
    folders.add(path);
    return Promise.resolve();
  };
  return { mkdir, dirname, folders, calls };
}

describe('makeFolder', () => {
  it('makes a folder with those that it lies in', async () => {
    const files = host('/a');
    await makeFolder('save', '/a/b/c', files);
    expect(files.folders).toContain('/a/b/c');
    await makeFolder('save', '/a/b/c', files); // it may be there
  });

  it('ends where the system says that there is no parent although there is one', async () => {
    const files = host();
    await expect(makeFolder('save', '/proc/x/y', files)).rejects.toThrow(
      "save: the folder /proc/x/y can't be made: there is no such folder, and none can be made (ENOENT). Choose another place.",
    );
    expect(files.calls.length).toBeLessThan(5);
  });

  it('tells why it can not', async () => {
    const refusing = { ...host(), mkdir: () => Promise.reject(systemError('EROFS')) };
    const error: unknown = await makeFolder('save', '/a', refusing).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ code: 'FILE', operation: 'save', cause: { code: 'EROFS' } });
  });
});

describe('fileError', () => {
  it.each([
    ['ENOSPC', 'save: x: no space is left on the device (ENOSPC). Free some, or choose a place on another one.'],
    [
      'EACCES',
      'save: x: this user has no right to (EACCES). Choose another place, or change the rights of the folder.',
    ],
    ['EWHAT', 'save: x: EWHAT: mkdir. Choose another place.'],
    ['constructor', 'save: x: constructor: mkdir. Choose another place.'],
  ])('explains %s', (code, message) => {
    const cause = systemError(code);
    expect(fileError('save', 'x', cause)).toMatchObject({ message, cause });
  });

  it('leaves what is no refusal of the system as it is', () => {
    for (const error of [new TypeError('a bug'), 'text', undefined, new FileError('op', 'told already')]) {
      expect(fileError('save', 'x', error)).toBe(error);
    }
  });
});
