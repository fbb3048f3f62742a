/** Optimised models in a folder, for the next process: ONNX Runtime's rewriting is most of the time that loading takes. */
import { FileError, OptionError } from '@node-ode/core';
import { contentHash } from '../model/hash.ts';
import { machineName, makeFolder, nodeFiles, type NodeFiles } from './node-host.ts';
import { messageOf } from './ort.ts';

/** A folder of optimised models. */
export interface OptimizedModels {
  /**
   * Loads the optimised form of a model, from the folder if it is there, else by having it made.
   *
   * @param source what the optimised model depends on besides the machine: the model, the options, the runtime's version
   * @param load loads optimised bytes
   * @param make loads the model itself, and writes its optimised form to a path
   */
  open<T>(
    source: string,
    load: (optimized: Uint8Array<ArrayBuffer>) => Promise<T>,
    make: (path: string) => Promise<T>,
  ): Promise<T>;
}

/** Makes names of temporary files different within a process; the random part does between processes. */
const temporaryName = (): string => `.${crypto.randomUUID()}.tmp`;

/**
 * Opens a folder, which is made if it is not there.
 *
 * An entry is named `key-content.onnx` by the hashes of what it was made from and of its own bytes: one that was cut short or
 * changed is not loaded but removed, and two processes that write the same name write the same file. It comes into being by a
 * rename, so it is never seen half written.
 *
 * @throws OptionError if it can't be made or written to.
 */
export async function optimizedModels(folder: string): Promise<OptimizedModels> {
  const files = await nodeFiles();
  await demandWritable(files, folder);
  const machine = await machineName();
  return {
    open: async (source, load, make) => {
      const key = await contentHash(new TextEncoder().encode(JSON.stringify([source, machine])));
      for (const name of await files.readdir(folder)) {
        if (!(name.startsWith(`${key}-`) && name.endsWith('.onnx'))) continue;
        const path = `${folder}/${name}`;
        const loaded = await tryEntry(files, path, name, load);
        if (loaded !== undefined) return loaded.value;
        await files.rm(path, { force: true });
      }
      const temporary = `${folder}/${temporaryName()}`;
      try {
        const made = await make(temporary);
        await keep(files, temporary, `${folder}/${key}`);
        return made;
      } finally {
        await files.rm(temporary, { force: true });
      }
    },
  };
}

/** Gives a file its name. What can't be kept is made again by the next process: that is no reason to fail. */
async function keep(files: NodeFiles, temporary: string, key: string): Promise<void> {
  try {
    await files.rename(temporary, `${key}-${await contentHash(await files.readFile(temporary))}.onnx`);
  } catch {
    // The disk may be full; on Windows another process may have the file open.
  }
}

/** What an entry loads as; nothing if it is not what its name says, or does not load. */
async function tryEntry<T>(
  files: NodeFiles,
  path: string,
  name: string,
  load: (optimized: Uint8Array<ArrayBuffer>) => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  try {
    const bytes = await files.readFile(path);
    return name.endsWith(`-${await contentHash(bytes)}.onnx`) ? { value: await load(bytes) } : undefined;
  } catch {
    // Another process may have removed it, and ONNX Runtime may refuse it: it is made again.
    return undefined;
  }
}

async function demandWritable(files: NodeFiles, folder: string): Promise<void> {
  const probe = `${folder}/${temporaryName()}`;
  try {
    await makeFolder(folder);
    await files.writeFile(probe, new Uint8Array(0));
    await files.rm(probe, { force: true });
  } catch (error) {
    const cause = error instanceof FileError ? error.cause : error;
    throw new OptionError('onnx', `cacheFolder = '${folder}' can't be written to (${messageOf(cause)})`, {
      expected: 'a folder that is writable, or can be made',
      cause,
    });
  }
}
