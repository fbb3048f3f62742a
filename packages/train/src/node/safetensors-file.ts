/** Safetensors files on disk. */
import { open, type FileHandle } from 'node:fs/promises';
import { FormatError, type HostArray } from '@node-ode/core';
import { bytesOf, emptyArray, finish } from '../safetensors/bytes.ts';
import { lengthBytes, type Safetensors } from '../safetensors/content.ts';
import { encodeSafetensors } from '../safetensors/encode.ts';
import { formatError, headerLength, parseHeader } from '../safetensors/header.ts';
import { writeFileAtomically } from './atomic-write.ts';

/**
 * Reads a safetensors file. Its header is checked against its size before anything else is read, and the tensors are read
 * one by one: memory is what they need.
 *
 * @throws FormatError naming the file and the offset of what is wrong with it, as `decodeSafetensors` does.
 * @example
 * const { tensors } = await readSafetensors('model.safetensors');
 * const params = fillTree(model.init(random(0)), tensors, 'model.safetensors');
 */
export async function readSafetensors(path: string): Promise<Safetensors> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new FormatError('safetensors', `${path} can't be opened`, { expected: 'a file', cause });
  });
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new FormatError('safetensors', `${path} is no file`, { expected: 'a safetensors file' });
    const { size } = found;
    const length = headerLength(
      await readRange(file, path, new Uint8Array(Math.min(size, lengthBytes)), 0),
      size,
      path,
    );
    const header = await readRange(file, path, new Uint8Array(length), lengthBytes);
    const { entries, metadata } = parseHeader(header, size, path);
    const tensors = new Map<string, HostArray>();
    for (const entry of entries) {
      const array = emptyArray(entry);
      await readRange(file, path, bytesOf(array.data), entry.begin);
      tensors.set(entry.name, finish(array, entry, path));
    }
    return { tensors, metadata };
  } finally {
    await file.close();
  }
}

/** Fills `target` from a position on. */
async function readRange(file: FileHandle, path: string, target: Uint8Array, position: number): Promise<Uint8Array> {
  const chunk = 2 ** 30; // a single read is at most 2 GiB
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await file.read(target, done, Math.min(chunk, target.length - done), position + done);
    if (bytesRead === 0) throw formatError(path, position + done, 'the file became shorter while it was read');
    done += bytesRead;
  }
  return target;
}

/**
 * Writes a safetensors file, and the folder it is in if need be: complete or not at all.
 *
 * @throws OptionError or ShapeError as `encodeSafetensors` does; FileError if the disk is full or the place can't be written.
 * @example
 * await writeSafetensors('output/model.safetensors', namedArrays(state.params), { epochs: '10' });
 */
export async function writeSafetensors(
  path: string,
  tensors: Parameters<typeof encodeSafetensors>[0],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const bytes = encodeSafetensors(tensors, metadata);
  await writeFileAtomically('writeSafetensors', path, bytes);
}
