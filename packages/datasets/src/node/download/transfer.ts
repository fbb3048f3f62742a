/** One try of a download: a request, and the bytes that come. */
import { open, rm } from 'node:fs/promises';
import { FileError } from '@node-ode/core';
import { sizeOf } from './checksum.ts';
import type { DownloadOptions, Source } from './download.ts';
import { unwritable } from './lock.ts';

/** A try that did not get all bytes. */
export class Broken extends Error {
  readonly offset: number;
  readonly mayRetry: boolean;
  readonly advice: string;

  constructor(message: string, offset: number, mayRetry: boolean, advice: string, cause?: unknown) {
    super(message, { cause });
    this.offset = offset;
    this.mayRetry = mayRetry;
    this.advice = advice;
  }
}

/** Appends to `part` what is missing of it. @throws Broken; FileError if it can't be written. */
export async function transfer(
  source: Source,
  path: string,
  part: string,
  options: DownloadOptions & { readonly timeout: number },
): Promise<void> {
  const { url, size } = source;
  const { signal, onProgress, timeout } = options;
  let offset = await sizeOf(part);
  if (offset > size) {
    await rm(part);
    offset = 0;
  }
  if (offset === size && size > 0) return;
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  signal?.addEventListener('abort', abort);
  if (signal?.aborted === true) abort();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const listen = (): void => {
    clearTimeout(timer);
    timer = setTimeout(abort, timeout);
  };
  const broken = (cause: unknown): unknown => {
    if (cause instanceof Broken || cause instanceof FileError) return cause;
    if (signal?.aborted === true) {
      return new Broken('the download was aborted', offset, false, 'A later call goes on from there.', signal.reason);
    }
    const what = stop.signal.aborted ? `nothing came for ${timeout} ms` : 'the connection failed';
    return new Broken(what, offset, true, 'Check the network and try again: it goes on from there.', cause);
  };
  try {
    listen();
    const response = await fetch(url, {
      // bytes as they are: offsets are the file's
      headers: { 'accept-encoding': 'identity', ...(offset > 0 ? { range: `bytes=${offset}-` } : {}) },
      signal: stop.signal,
    });
    const start = await startOf(response, offset, part);
    offset = start;
    onProgress?.({ url, path, received: offset, total: size });
    const file = await open(part, start > 0 ? 'r+' : 'w').catch((cause: unknown) => {
      throw unwritable(part, cause);
    });
    try {
      for await (const chunk of response.body ?? []) {
        listen();
        if (!(chunk instanceof Uint8Array)) continue;
        if (offset + chunk.length > size) {
          await rm(part, { force: true });
          throw new Broken(`more bytes came than the file has`, size, false, 'The file was changed at its source.');
        }
        await file.write(chunk, 0, chunk.length, offset).catch((cause: unknown) => {
          throw unwritable(part, cause);
        });
        offset += chunk.length;
        onProgress?.({ url, path, received: offset, total: size });
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (offset < size) throw new Broken('the data ends early', offset, true, 'Try again: it goes on from there.');
  } catch (cause) {
    throw broken(cause);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** Where the bytes of a response belong. @throws Broken if it has none of the file's. */
async function startOf(response: Response, offset: number, part: string): Promise<number> {
  const { status } = response;
  if (status === 200) return 0;
  if (status === 206) {
    const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
    if (range !== null && Number(range[1]) === offset) return offset;
  }
  await response.body?.cancel();
  if (status === 416 || status === 206) {
    await rm(part, { force: true });
    throw new Broken(`the server has no bytes from ${offset} on`, offset, true, 'Try again: it starts anew.');
  }
  const isPassing = status >= 500 || status === 408 || status === 429;
  throw new Broken(
    `the server answers ${status} ${response.statusText}`.trim(),
    offset,
    isPassing,
    isPassing
      ? 'Try again later, or get the file from elsewhere.'
      : 'Check the address, or get the file from elsewhere.',
  );
}
