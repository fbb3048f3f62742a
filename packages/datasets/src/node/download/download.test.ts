import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ExecutionError, FormatError, NodeOdeError, OptionError } from '@node-ode/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { download, type DownloadProgress, type Source } from './download.ts';

const body = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 253));
const sha256 = createHash('sha256').update(body).digest('hex');

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
let server: Server;
let url = '';
let answers: Answer[] = [];
let ranges: (string | undefined)[] = [];
let folder = '';

/** The whole file, or the asked range of it. */
const whole: Answer = (request, response) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (start > 0) response.writeHead(206, { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` });
  else response.writeHead(200, { 'content-length': body.length });
  response.end(body.subarray(start));
};
/** Says that all comes, and goes away after some of it. */
const truncated =
  (length: number): Answer =>
  (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': body.length - start,
      ...(start > 0 ? { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` } : {}),
    });
    response.write(body.subarray(start, start + length), () => setTimeout(() => response.destroy(), 30));
  };
const status =
  (code: number): Answer =>
  (_, response) =>
    response.writeHead(code).end('sorry');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'download-'));
  [answers, ranges] = [[], []];
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    (answers.shift() ?? whole)(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}/file.bin`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const source = (): Source => ({ url, size: body.length, checksum: { algorithm: 'sha256', digest: sha256 } });
const path = (): string => join(folder, 'deep', 'file.bin');
const left = (): string[] => (existsSync(join(folder, 'deep')) ? readdirSync(join(folder, 'deep')).sort() : []);
const failure = async (run: Promise<void>): Promise<NodeOdeError> => {
  const error: unknown = await run.then(
    () => new Error('nothing was thrown'),
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(NodeOdeError);
  return error as NodeOdeError;
};
const quick = { delay: 1 } as const;

describe('download', () => {
  it('writes the file, tells how far it is, and leaves nothing else', async () => {
    const seen: DownloadProgress[] = [];
    await download(source(), path(), { onProgress: (progress) => seen.push(progress) });
    expect(readFileSync(path()).equals(body)).toBe(true);
    expect(left()).toEqual(['file.bin']);
    expect(seen[0]).toEqual({ url, path: path(), received: 0, total: body.length });
    expect(seen.at(-1)?.received).toBe(body.length);
    expect(seen.every(({ received }, i) => i === 0 || received >= (seen[i - 1]?.received ?? 0))).toBe(true);
  });

  it('takes MD5 where the source has no other', async () => {
    const digest = createHash('md5').update(body).digest('hex');
    await download({ ...source(), checksum: { algorithm: 'md5', digest } }, path());
    expect(left()).toEqual(['file.bin']);
  });

  it('goes on where a body broke off', async () => {
    answers = [truncated(100_000), truncated(50_000), whole];
    await download(source(), path(), quick);
    expect(readFileSync(path()).equals(body)).toBe(true);
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=150000-']);
  });

  it('goes on from what an earlier call left', async () => {
    answers = [truncated(1000)];
    const error = await failure(download(source(), path(), { ...quick, retries: 0 }));
    expect(error).toBeInstanceOf(ExecutionError);
    expect(error.message).toContain(`${url}: `);
    expect(error.message).toContain('offset 1000');
    expect(left()).toEqual(['file.bin.part']);
    await download(source(), path());
    expect([ranges, left()]).toEqual([[undefined, 'bytes=1000-'], ['file.bin']]);
  });

  it('starts anew where the server has no ranges, or what was there is another file', async () => {
    answers = [truncated(1000), (_, response) => response.writeHead(200).end(body)];
    await download(source(), path(), quick);
    expect(readFileSync(path()).equals(body)).toBe(true);
    rmSync(path());
    for (const wrong of [Buffer.alloc(500, 1), Buffer.alloc(body.length, 1), Buffer.alloc(body.length + 9, 1)]) {
      writeFileSync(`${path()}.part`, wrong);
      await download(source(), path(), quick);
      expect(readFileSync(path()).equals(body)).toBe(true);
      expect(left()).toEqual(['file.bin']);
      rmSync(path());
    }
  });

  it('starts anew after 416 or a wrong range', async () => {
    answers = [truncated(1000), status(416), whole];
    await download(source(), path(), quick);
    rmSync(path());
    answers = [truncated(1000), (_, r) => r.writeHead(206, { 'content-range': 'bytes 7-9/10' }).end('abc'), whole];
    await download(source(), path(), quick);
    expect(readFileSync(path()).equals(body)).toBe(true);
    expect(ranges).toEqual([undefined, 'bytes=1000-', undefined, undefined, 'bytes=1000-', undefined]);
  });

  it('refuses a wrong checksum and leaves nothing', async () => {
    const changed = Buffer.from(body);
    changed[77] = 1 + (changed[77] ?? 0);
    answers = [(_, response) => response.writeHead(200).end(changed)];
    const error = await failure(download(source(), path(), quick));
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toContain(sha256);
    expect(left()).toEqual([]);
  });

  it('refuses more bytes than the file has, before they are written', async () => {
    answers = [(_, response) => response.writeHead(200).end(Buffer.concat([body, body]))];
    const error = await failure(download(source(), path(), quick));
    expect(error.message).toContain('more bytes came than the file has');
    expect(left()).toEqual([]);
  });

  it('tries again after server errors, not after refusals', async () => {
    answers = [status(503), status(500), whole];
    await download(source(), path(), quick);
    expect(ranges).toHaveLength(3);
    rmSync(path());
    answers = Array<Answer>(9).fill(status(500));
    expect((await failure(download(source(), path(), { ...quick, retries: 2 }))).message).toContain(
      'the server answers 500',
    );
    expect(ranges).toHaveLength(6);
    answers = [status(404)];
    const refused = await failure(download(source(), path(), quick));
    expect(refused).toBeInstanceOf(ExecutionError);
    expect(refused.message).toContain('the server answers 404 Not Found');
    expect([ranges.length, left()]).toEqual([7, []]);
  });

  it('gives up on a server that says nothing', async () => {
    answers = [() => undefined, (_, response) => void response.writeHead(200).write('x')];
    const error = await failure(download(source(), path(), { ...quick, retries: 1, timeout: 60 }));
    expect(error.message).toContain('nothing came for 60 ms');
  });

  it('ends when it is aborted, and keeps what it has', async () => {
    const controller = new AbortController();
    answers = [(_, response) => void response.writeHead(200).write(body.subarray(0, 5000))];
    const run = download(source(), path(), {
      signal: controller.signal,
      onProgress: ({ received }) => received > 0 && controller.abort(new Error('enough')),
    });
    const error = await failure(run);
    expect(error).toBeInstanceOf(ExecutionError);
    expect(error.message).toContain('the download was aborted');
    expect(error.cause).toEqual(new Error('enough'));
    expect(left()).toEqual(['file.bin.part']);
    expect((await failure(download(source(), path(), { signal: AbortSignal.abort() }))).message).toContain('aborted');
    await download(source(), path());
    expect(left()).toEqual(['file.bin']);
  });

  it('lets one process at a file at a time, and takes over from one that is gone', async () => {
    answers = [() => undefined];
    const controller = new AbortController();
    const first = failure(download(source(), path(), { signal: controller.signal }));
    while (ranges.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await failure(download(source(), path()))).message).toContain(`process ${process.pid} is downloading`);
    controller.abort();
    await first;
    writeFileSync(`${path()}.lock`, '999999999');
    await download(source(), path());
    expect(left()).toEqual(['file.bin']);
  });

  it('says what is wrong with addresses, folders and options', async () => {
    const nobody = await failure(
      download({ ...source(), url: 'http://127.0.0.1:1/x' }, path(), { ...quick, retries: 1 }),
    );
    expect(nobody).toBeInstanceOf(ExecutionError);
    expect(nobody.message).toContain('the connection failed');
    expect((await failure(download({ ...source(), url: 'no address' }, path(), { ...quick, retries: 0 }))).code).toBe(
      'EXECUTION',
    );
    writeFileSync(join(folder, 'file'), '');
    expect((await failure(download(source(), join(folder, 'file', 'x')))).message).toContain("can't be written");
    expect(await failure(download(source(), path(), { retries: -1 }))).toBeInstanceOf(OptionError);
  });
});
