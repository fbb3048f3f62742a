import { mkdtempSync, rmSync, writeFileSync, openSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { array, FormatError, NodeOdeError, OptionError, random } from '@node-ode/core';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { parseCsv, type CsvTable } from '../../csv/parse.ts';
import { parseIdx } from '../../images/idx.ts';
import { shuffledStream } from '../../stream/shuffled.ts';
import { streamCsv, type StreamCsvOptions } from './csv.ts';
import { streamIdx, streamIdxImages } from './idx.ts';

const folder = mkdtempSync(join(tmpdir(), 'stream-'));
afterAll(() => rmSync(folder, { recursive: true }));
const put = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const collect = async <T>(stream: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of stream) all.push(item);
  return all;
};
const rowsOf = (tables: readonly CsvTable[]): unknown[] =>
  tables.flatMap(({ names, numbers, text, length }) =>
    Array.from({ length }, (_, i) => names.map((name) => (numbers[name] ?? text[name])?.[i])),
  );

describe('streamCsv', () => {
  const field = fc.oneof(
    fc.constantFrom('', 'a', 'a "b"', 'x,y', 'line\nend', 'cr\r\nlf', '"', ' é '),
    fc.string({ maxLength: 6 }),
  );
  const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;

  it('gives what parseCsv gives, in batches, for any fields and line ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(field, fc.double({ noNaN: true, noDefaultInfinity: true })), { minLength: 1, maxLength: 20 }),
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        async (rows, end, batchSize, zipped) => {
          const csv = `w,x${end}${rows.map(([w, x]) => `${quoted(w)},${x}`).join(end)}${end}`;
          const path = put('any.csv', zipped ? gzipSync(csv) : csv);
          const tables = await collect(streamCsv(path, { batchSize, text: ['w'] }));
          expect(rowsOf(tables)).toEqual(rowsOf([parseCsv(csv, { text: ['w'] })]));
          expect(tables.slice(0, -1).every(({ length }) => length === batchSize)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('names the line of what is wrong, however far into the file', async () => {
    const csv = `t,y\n${'1,"2"\n\n'.repeat(30_000)}1,x\n`;
    await expect(collect(streamCsv(put('far.csv', csv)))).rejects.toThrow(
      'far.csv, line 60002, column 2 (“y”): “x” is no number',
    );
    await expect(collect(streamCsv(put('short.csv', 't,y\n1,2\n3\n')))).rejects.toThrow('short.csv, line 3: 1 fields');
    await expect(collect(streamCsv(put('empty.csv', '')))).rejects.toThrow('is empty');
    expect(await collect(streamCsv(put('header.csv', 't,y\n')))).toEqual([]);
    expect((await collect(streamCsv(put('bare.csv', '1,2'), { names: ['a', 'b'] })))[0]?.numbers).toEqual({
      a: Float64Array.of(1),
      b: Float64Array.of(2),
    });
  });

  it('does not keep a quote that is never closed', async () => {
    const path = put('open.csv', `t\n"${'1\n'.repeat(500_000)}`);
    await expect(collect(streamCsv(path, { maxRow: 10_000 }))).rejects.toThrow('a row of more than 10000 characters');
    await expect(collect(streamCsv(path, { batchSize: 0 }))).rejects.toThrow(OptionError);
  });

  it('needs memory for a batch, not for the file', async () => {
    const path = join(folder, 'large.csv');
    const file = openSync(path, 'w');
    const part = '0.123456789012,1.123456789012,2.123456789012\n'.repeat(20_000);
    writeSync(file, 'a,b,c\n');
    for (let i = 0; i < 60; i++) writeSync(file, part);
    closeSync(file);
    let [rows, most] = [0, 0];
    const before = process.memoryUsage().rss;
    for await (const { length } of streamCsv(path, { batchSize: 5000 })) {
      rows += length;
      most = Math.max(most, process.memoryUsage().rss - before);
      if (rows >= 400_000) break;
    }
    // the file has 54 MB and 1.2 million rows; 400,000 rows of three strings each take more than the bound
    expect(rows).toBe(400_000);
    expect(most).toBeLessThan(150_000_000);
  });

  it('gives tables or a typed error for any text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ maxLength: 60, unit: fc.constantFrom('"', ',', '\n', '\r', '1', 'a', ' ', '#', '\ufeff') }),
        fc.constantFrom<StreamCsvOptions>({}, { comment: '#' }, { names: ['a', 'b'] }),
        async (text, options) => {
          const path = put('fuzz.csv', text);
          const streamed = await collect(streamCsv(path, options)).catch((error: unknown) =>
            expect(error).toBeInstanceOf(FormatError),
          );
          try {
            const whole = parseCsv(text, options);
            // where nothing is quoted by halves, both read the same
            if (Array.isArray(streamed) && !text.includes('"') && !text.includes('\r'))
              expect(rowsOf(streamed)).toEqual(rowsOf([whole]));
          } catch (error) {
            expect(error).toBeInstanceOf(NodeOdeError);
          }
        },
      ),
      // a mark that is not the file's first character is one of a field
      { numRuns: 150, examples: [['1\n\ufeff', {}]] },
    );
  });
});

const idx = (shape: readonly number[], data: readonly number[]): Buffer =>
  Buffer.from([
    0,
    0,
    8,
    shape.length,
    ...shape.flatMap((n) => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]),
    ...data,
  ]);

describe('streamIdx', () => {
  it('gives the rows of parseIdx in batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(9),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        async (rows, width, batchSize, zipped) => {
          const bytes = idx(
            [rows, width],
            Array.from({ length: rows * width }, (_, i) => i),
          );
          const parts = await collect(streamIdx(put('any.idx', zipped ? gzipSync(bytes) : bytes), { batchSize }));
          expect(parts.flatMap(({ data }) => Array.from(data))).toEqual(Array.from(parseIdx(bytes).data));
          expect(parts.map(({ shape }) => shape[0])).toEqual(
            Array.from({ length: Math.ceil(rows / batchSize) }, (_, i) => Math.min(batchSize, rows - i * batchSize)),
          );
        },
      ),
    );
  });

  it('refuses truncated, longer and foreign files, and batches too large', async () => {
    const good = idx([3, 2], [1, 2, 3, 4, 5, 6]);
    const cases: readonly (readonly [Buffer, string])[] = [
      [good.subarray(0, 15), 'offset 15: 15 bytes, of which the header claims 18'],
      [gzipSync(good.subarray(0, 15)), 'offset 15: the data ends in row 1'],
      [gzipSync(Buffer.concat([good, good])), 'the data goes on after the last element'],
      [Buffer.from('no IDX at all'), 'the magic number'],
      [gzipSync(idx([2, 2 ** 31 - 1], [1])), 'a batch of'],
      [gzipSync(good).subarray(0, 25), 'the gzip data is truncated or damaged'],
    ];
    for (const [bytes, message] of cases) {
      await expect(collect(streamIdx(put('bad.idx', bytes), { batchSize: 1 }))).rejects.toThrow(FormatError);
      await expect(collect(streamIdx(put('bad.idx', bytes), { batchSize: 1 }))).rejects.toThrow(message);
    }
    await expect(collect(streamIdx(put('good.idx', good), { batchSize: 0 }))).rejects.toThrow(OptionError);
  });

  it('pairs images with labels', async () => {
    const images = put('images.idx', idx([3, 1, 2], [0, 255, 51, 0, 0, 102]));
    const batches = await collect(
      streamIdxImages(images, put('labels.idx', gzipSync(idx([3], [7, 8, 9]))), { batchSize: 2, dtype: 'f64' }),
    );
    expect(batches.map(({ x, label }) => [x.shape, [...x.data], [...label.data]])).toEqual([
      [
        [2, 1, 1, 2],
        [0, 1, 0.2, 0],
        [7, 8],
      ],
      [[1, 1, 1, 2], [0, 0.4], [9]],
    ]);
    for (const labels of [
      idx([2], [7, 8]),
      idx([4], [7, 8, 9, 1]),
      idx([3, 1], [7, 8, 9]),
      idx([6], [1, 2, 3, 4, 5, 6]),
    ])
      await expect(collect(streamIdxImages(images, put('wrong.idx', labels), { batchSize: 3 }))).rejects.toThrow(
        FormatError,
      );
    await expect(
      collect(streamIdxImages(put('flat.idx', idx([3], [1, 2, 3])), put('l.idx', idx([3], [1, 2, 3])))),
    ).rejects.toThrow('images of shape [3]');
  });
});

describe('shuffledStream', () => {
  async function* numbered(sizes: readonly number[]): AsyncGenerator<{ readonly x: ReturnType<typeof array> }> {
    let next = 0;
    for (const size of sizes) yield { x: array(Array.from({ length: size }, () => [next, 2 * next++])) };
  }
  const firsts = async (
    sizes: readonly number[],
    seed: number,
    batchSize: number,
    buffer: number,
  ): Promise<number[][]> =>
    (await collect(shuffledStream(numbered(sizes), { batchSize, buffer, random: random(seed) }))).map(({ x }) =>
      Array.from(x.data).filter((value, i) => i % 2 === 0 && x.data[i + 1] === 2 * value),
    );

  it('gives every sample once, in full batches but for the last, by seed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(10),
        fc.nat(),
        async (sizes, batchSize, more, seed) => {
          const batches = await firsts(sizes, seed, batchSize, batchSize + more);
          const total = sizes.reduce((sum, n) => sum + n, 0);
          expect(batches.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i));
          expect(batches.slice(0, -1).every((batch) => batch.length === batchSize)).toBe(true);
          expect(await firsts(sizes, seed, batchSize, batchSize + more)).toEqual(batches);
        },
      ),
    );
    expect(await firsts([40], 1, 40, 40)).not.toEqual(await firsts([40], 2, 40, 40));
    await expect(firsts([4], 1, 4, 3)).rejects.toThrow(OptionError);
  });
});
