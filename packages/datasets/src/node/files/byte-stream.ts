/** Bytes of a file as they come, decompressed if it is gzip. */
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FormatError } from '@node-ode/core';
import { badBytes } from '../../bytes/problem.ts';

/** What is known of a file before it is read. */
export interface FileFacts {
  /** Bytes on disk. */
  readonly size: number;
  readonly isGzip: boolean;
}

const unreadable = (operation: string, path: string, problem: string, cause?: unknown): FormatError =>
  new FormatError(operation, `${path} ${problem}`, {
    expected: 'a file',
    advice: 'Check the path and its permissions.',
    ...(cause === undefined ? {} : { cause }),
  });

/** @throws FormatError if the path is no file that can be read. */
export async function fileFacts(operation: string, path: string): Promise<FileFacts> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw unreadable(operation, path, 'is no file');
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
      return { size: found.size, isGzip: bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b };
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw unreadable(operation, path, "can't be read", cause);
  }
}

/**
 * The bytes of a file, decompressed if it starts as gzip does. Leaving the loop closes the file.
 *
 * @throws FormatError naming the file and, in the decompressed data, the offset that was reached.
 */
export async function* byteStream(operation: string, path: string): AsyncGenerator<Uint8Array> {
  const { isGzip } = await fileFacts(operation, path);
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  // the callback is there because pipeline asks for one: errors come out of the stream that is read
  const stream = isGzip ? pipeline(file, createGunzip({ chunkSize: 1 << 18 }), () => undefined) : file;
  let offset = 0;
  try {
    for await (const chunk of stream) {
      if (!(chunk instanceof Uint8Array)) continue;
      yield chunk;
      offset += chunk.length;
    }
  } catch (cause) {
    throw badBytes(operation, path, offset, isGzip ? 'the gzip data is truncated or damaged' : "can't be read", {
      expected: 'a whole file',
      advice: 'Get the file again.',
      cause,
    });
  } finally {
    file.destroy();
  }
}

/** How much of a file is read. */
export interface ReadOptions {
  /** Bytes, decompressed, that are accepted; 2 GiB by default. */
  readonly maxBytes?: number;
  /** Given the first bytes, `prefix` of them or all there are, how many there have to be altogether; may throw. */
  readonly expected?: (head: Uint8Array) => number;
  readonly prefix?: number;
}

/**
 * All bytes of a file, decompressed. Memory grows with what is there, never with what a header claims.
 *
 * @throws FormatError if it can't be read, has more than `maxBytes`, or more than `expected` says.
 */
export async function readBytes(operation: string, path: string, options: ReadOptions = {}): Promise<Uint8Array> {
  const { maxBytes = 2 ** 31, expected, prefix = 0 } = options;
  const { size, isGzip } = await fileFacts(operation, path);
  if (!isGzip && size > maxBytes) throw tooLong(operation, path, maxBytes);
  const chunks: Uint8Array[] = [];
  let [length, limit, isChecked] = [0, maxBytes, expected === undefined];
  for await (const chunk of byteStream(operation, path)) {
    chunks.push(chunk);
    length += chunk.length;
    if (!isChecked && length >= prefix) {
      limit = Math.min(limit, expected?.(Buffer.concat(chunks)) ?? limit);
      isChecked = true;
    }
    if (length > limit) throw tooLong(operation, path, limit);
  }
  const bytes = Buffer.concat(chunks, length);
  if (!isChecked) expected?.(bytes);
  return bytes;
}

const tooLong = (operation: string, path: string, limit: number): FormatError =>
  badBytes(operation, path, limit, `the data goes on after ${limit} bytes`, {
    expected: `at most ${limit}`,
    advice: 'The file is damaged, or is another one.',
  });
