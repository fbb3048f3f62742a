import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FormatError } from '@node-ode/core';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { byteQueue } from './byte-queue.ts';
import { byteStream, readBytes } from './byte-stream.ts';
import { writeTar } from '../../../test/tar.ts';
import { tarMembers } from './tar.ts';

const folder = mkdtempSync(join(tmpdir(), 'files-'));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;
const write = (bytes: Uint8Array): string => {
  const path = join(folder, `file-${made++}`);
  writeFileSync(path, bytes);
  return path;
};

const list = async (path: string, maxBytes = 1000): Promise<Record<string, string>> => {
  const found: Record<string, string> = {};
  for await (const { name, bytes } of tarMembers('test', path, { isWanted: (name) => name.endsWith('.txt'), maxBytes }))
    found[name] = Buffer.from(bytes).toString();
  return found;
};

describe('readBytes', () => {
  it('reads files, gzip or not, also several gzip members', async () => {
    const text = Buffer.from('some bytes');
    for (const bytes of [text, gzipSync(text), Buffer.concat([gzipSync('some '), gzipSync('bytes')])])
      expect(Buffer.from(await readBytes('test', write(bytes))).toString()).toBe('some bytes');
    expect(await readBytes('test', write(Buffer.alloc(0)))).toHaveLength(0);
  });

  it('ends at the limit', async () => {
    await expect(readBytes('test', write(Buffer.alloc(11)), { maxBytes: 10 })).rejects.toThrow(
      'offset 10: the data goes on',
    );
    // a bomb: 1000 bytes that would be a gigabyte are given up after a chunk or two
    const bomb = write(gzipSync(Buffer.alloc(50_000_000)));
    const before = process.memoryUsage().arrayBuffers;
    await expect(readBytes('test', bomb, { maxBytes: 10 })).rejects.toThrow(FormatError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
    await expect(readBytes('test', bomb, { expected: () => 100, prefix: 4 })).rejects.toThrow(
      'goes on after 100 bytes',
    );
  });

  it('names the file and offset of damaged data', async () => {
    const good = gzipSync(Buffer.from(Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 251)));
    const cut = write(good.subarray(0, good.length - 20));
    await expect(readBytes('test', cut)).rejects.toThrow(FormatError);
    await expect(readBytes('test', cut)).rejects.toThrow(/file-\d+, offset \d+: the gzip data is truncated or damaged/);
    await expect(readBytes('test', join(folder, 'none'))).rejects.toThrow("none can't be read");
    await expect(readBytes('test', folder)).rejects.toThrow('is no file');
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, value) => {
        const bytes = Buffer.from(good);
        bytes[at] = value;
        const path = join(folder, 'fuzzed');
        writeFileSync(path, bytes);
        await readBytes('test', path).catch((error: unknown) => expect(error).toBeInstanceOf(FormatError));
      }),
      { numRuns: 60 },
    );
  });
});

describe('byteQueue', () => {
  async function* pieces(sizes: readonly number[]): AsyncGenerator<Uint8Array> {
    let next = 0;
    for (const size of sizes) yield Uint8Array.from({ length: size }, () => next++ % 256);
  }

  it('gives the same bytes whatever the pieces are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9)), fc.array(fc.nat(9)), async (sizes, takes) => {
        const total = sizes.reduce((sum, n) => sum + n, 0);
        const queue = byteQueue('test', 'x', pieces(sizes));
        let at = 0;
        for (const take of takes) {
          if (at + take > total) {
            await expect(queue.take(take, 'it')).rejects.toThrow(`x, offset ${total}: the data ends in it`);
            return;
          }
          expect([...(await queue.take(take, 'it'))]).toEqual(Array.from({ length: take }, (_, i) => (at + i) % 256));
          at += take;
          expect(queue.offset).toBe(at);
        }
        expect(await queue.isAtEnd()).toBe(at === total);
      }),
    );
  });

  it('closes the file', async () => {
    const stream = byteStream('test', write(Buffer.alloc(10)));
    const queue = byteQueue('test', 'x', stream);
    await queue.skip(3, 'it');
    await queue.close();
    expect((await stream.next()).done).toBe(true);
  });
});

describe('tarMembers', () => {
  const archive = writeTar([
    ['set/', Buffer.alloc(0)],
    ['set/a.txt', Buffer.from('alpha')],
    ['set/b.bin', Buffer.alloc(2000, 1)],
    ['set/c.txt', Buffer.alloc(512, 'c')],
  ]);

  it('gives the wanted files, compressed or not', async () => {
    for (const bytes of [archive, gzipSync(archive)])
      expect(await list(write(bytes))).toEqual({ 'set/a.txt': 'alpha', 'set/c.txt': 'c'.repeat(512) });
  });

  it('refuses truncated, damaged and foreign archives, and large files', async () => {
    await expect(list(write(archive), 100)).rejects.toThrow('“set/c.txt” has 512 bytes');
    await expect(list(write(archive.subarray(0, 700)))).rejects.toThrow('offset 700: the data ends in a header');
    await expect(list(write(Buffer.alloc(2000, 7)))).rejects.toThrow('offset 0: the header of a file in the archive');
    await expect(list(write(Buffer.alloc(0)))).rejects.toThrow(FormatError);
    await fc.assert(
      fc.asyncProperty(fc.nat(archive.length - 1), fc.nat(255), fc.nat(archive.length), async (at, value, length) => {
        const bytes = Buffer.from(archive);
        bytes[at] = value;
        const path = join(folder, 'fuzzed');
        writeFileSync(path, bytes.subarray(0, length));
        await list(path).catch((error: unknown) => expect(error).toBeInstanceOf(FormatError));
      }),
      { numRuns: 60 },
    );
  });
});
