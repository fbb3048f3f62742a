/** Files from the network: with progress, resumed where they broke off, checked, and put in place as a whole or not at all. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ExecutionError, FormatError, makeFolder, OptionError } from '@node-ode/core';
import { digestOf, sizeOf, type Checksum } from './checksum.ts';
import { unwritable, withLock } from './lock.ts';
import { Broken, transfer } from './transfer.ts';

/** How far a download is. */
export interface DownloadProgress {
  readonly url: string;
  readonly path: string;
  /** Bytes that are there. */
  readonly received: number;
  /** Bytes of the whole, if the server or the source says so. */
  readonly total: number | undefined;
}

/** What is downloaded. */
export interface Source {
  readonly url: string;
  readonly checksum: Checksum;
  /** Bytes of the file. Nothing beyond them is written. */
  readonly size: number;
}

/** How it is downloaded. */
export interface DownloadOptions {
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Ends the download; what was received is kept, to go on from. */
  readonly signal?: AbortSignal;
  /** How often it is tried again where it broke off, or after a server error; 3 by default. */
  readonly retries?: number;
  /** Milliseconds without a byte after which a try is given up; 30,000 by default. */
  readonly timeout?: number;
  /** Milliseconds before the first further try, twice as many before each one after it; 500 by default. */
  readonly delay?: number;
}

/**
 * Downloads a file to `path`. It is written beside it, as `path.part`, compared with the checksum, and then renamed: what is at
 * `path` is always whole. A `.part` that an earlier call left is gone on from.
 *
 * @throws ExecutionError if the server refuses, the network fails, it is aborted, or another process downloads the same file;
 * FormatError if what came is not the file that the checksum tells; FileError if it can't be written.
 * @example
 * // await download(
 * //   { url: 'https://example.org/data.csv', size: 1234, checksum: { algorithm: 'sha256', digest: '…' } },
 * //   'data/data.csv',
 * //   { onProgress: ({ received, total }) => console.log(received, total) },
 * // );
 */
export async function download(source: Source, path: string, options: DownloadOptions = {}): Promise<void> {
  const { retries = 3, timeout = 30_000, delay = 500 } = options;
  if (![retries, timeout, delay, source.size].every((n) => Number.isFinite(n) && n >= 0)) {
    throw new OptionError('download', `retries ${retries}, timeout ${timeout}, delay ${delay}, size ${source.size}`, {
      expected: 'numbers from 0',
    });
  }
  await makeFolder('download', dirname(path), { mkdir, dirname });
  await withLock(`${path}.lock`, path, async () => {
    const part = `${path}.part`;
    const isResumed = (await sizeOf(part)) > 0;
    await receive(source, path, part, { ...options, retries, timeout, delay });
    if (!(await isRight(source, part)) && isResumed) {
      // what was there before may be what is wrong
      await rm(part, { force: true });
      await receive(source, path, part, { ...options, retries, timeout, delay });
    }
    const { algorithm, digest } = source.checksum;
    const found = await digestOf(part, algorithm);
    if (found !== digest) {
      const size = await sizeOf(part);
      await rm(part, { force: true });
      throw new FormatError('download', `${source.url}: ${size} bytes whose ${algorithm} is ${found}`, {
        expected: `${source.size} bytes and ${digest}`,
        advice: 'The file was changed at its source or on the way. Nothing was written.',
      });
    }
    await rename(part, path).catch((cause: unknown) => {
      throw unwritable(path, cause);
    });
  });
}

type Tries = DownloadOptions & Required<Pick<DownloadOptions, 'retries' | 'timeout' | 'delay'>>;

/** Tries until all bytes are there. */
async function receive(source: Source, path: string, part: string, options: Tries): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await transfer(source, path, part, options);
      return;
    } catch (cause) {
      if (!(cause instanceof Broken)) throw cause;
      if (!cause.mayRetry || tries >= options.retries || options.signal?.aborted === true) {
        throw new ExecutionError('download', `${source.url}: ${cause.message}, offset ${cause.offset}`, {
          expected: `${source.size} bytes`,
          advice: cause.advice,
          cause: cause.cause,
        });
      }
      await pause(options.delay * 2 ** tries, options.signal);
    }
  }
}

const isRight = async (source: Source, part: string): Promise<boolean> =>
  (await sizeOf(part)) === source.size && (await digestOf(part, source.checksum.algorithm)) === source.checksum.digest;

const pause = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
