/** Whatever a file holds, its reader gives what is in it or says what is wrong with it: soon, and with memory in proportion. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bounded, damaged, escapingPaths, objectNames } from '@node-ode/tools/fuzz';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { parseCsv } from './csv/parse.ts';
import { parseCifar10 } from './images/cifar10.ts';
import { parseIdx } from './images/idx.ts';
import { parseMat } from './mat/parse.ts';
import { dataPath, readCsv, streamCsv, streamIdx } from './node/index.ts';
import { inflateZlib } from './node/load/mat.ts';

const fixture = (name: string): Uint8Array => readFileSync(new URL(`mat/fixtures/${name}`, import.meta.url));
const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const words = (...values: readonly number[]): number[] =>
  values.flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);

const idx = Uint8Array.from([0, 0, 0x0d, 3, ...words(2, 3, 4), ...new Uint8Array(96)]);
const csv = text('time,"the ""y""",label\r\n0,1.5,a\r\n1,-2e-3,"b, c"\r\n\r\n2,NA,"d\ne"\r\n');
const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Each reader of bytes, with files that it reads. */
const readers: readonly (readonly [
  name: string,
  read: (bytes: Uint8Array) => unknown,
  valid: readonly Uint8Array[],
])[] = [
  ['parseCsv', (bytes) => parseCsv(decoded(bytes), { text: ['label'] }), [csv]],
  ['parseIdx', (bytes) => parseIdx(bytes), [idx]],
  [
    'parseMat',
    (bytes) => parseMat(bytes, { inflate: inflateZlib }),
    ['numbers.mat', 'numbers-plain.mat', 'svhn.mat'].map(fixture),
  ],
  ['parseCifar10', (bytes) => parseCifar10(bytes), [new Uint8Array(2 * 3073)]],
];

describe.each(readers)('%s', (_name, read, valid) => {
  it('reads the file that the others are made of', () => {
    for (const bytes of valid) expect(read(bytes)).toBeDefined();
  });

  it('gives or refuses what is damaged', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...valid).chain(damaged), async (bytes) => {
        seen.add('value' in (await bounded(bytes.length, () => read(bytes))) ? 'given' : 'refused');
      }),
      { numRuns: 500 },
    );
    expect(seen).toContain('refused');
  });

  it('gives or refuses any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        async (bytes) => void (await bounded(bytes.length, () => read(bytes))),
      ),
      { numRuns: 200 },
    );
  });
});

describe('headers that claim what is not there', () => {
  it.each([
    [
      'IDX with 255 axes',
      Uint8Array.from([0, 0, 8, 255, ...Array.from({ length: 255 }, () => words(0xffffffff)).flat()]),
    ],
    ['IDX with axes of nothing and of everything', Uint8Array.from([0, 0, 14, 3, ...words(0xffffffff, 0, 0xffffffff)])],
    ['IDX of 2³² doubles', Uint8Array.from([0, 0, 14, 1, ...words(0xffffffff)])],
  ])('%s', async (_what, bytes) => {
    await bounded(bytes.length, () => parseIdx(bytes), { bytes: 100_000 });
  });
});

describe('text that is long in one way', () => {
  const many = 20_000;
  it.each<readonly [string, string]>([
    ['columns', `${Array.from({ length: many }, (_, i) => `c${i}`).join(',')}\n`],
    ['columns, and a row of one', `${Array.from({ length: 100_000 }, (_, i) => `c${i}`).join(',')}\n1\n`],
    ['columns of one name', `${'c,'.repeat(many)}c\n`],
    ['rows', `x\n${'1\n'.repeat(many)}`],
    ['empty lines', `x\n${'\n'.repeat(many)}`],
    ['carriage returns', `x\n${'\r'.repeat(many)}`],
    ['quotes', `x\n${'"'.repeat(many)}`],
    ['quotes that are opened and never closed', `x\n${'"a,\n'.repeat(many)}`],
    ['quoted fields', `x\n${'"a",'.repeat(many)}`],
    ['lines in quotes', `x\n${'"\n"\n'.repeat(many)}`],
    ['digits', `x\n${'1'.repeat(many)}\n`],
    ['digits and no number', `x\n${'1'.repeat(many)}x\n`],
    ['signs', `x\n${'-'.repeat(many)}\n`],
    ['a name', `${'x'.repeat(many)}\n1,2\n`],
    ['spaces', `x\n${' '.repeat(many)}1\n`],
    ['NUL', `x\n${'\0'.repeat(many)}\n`],
  ])('%s', async (_what, long) => {
    await bounded(long.length, () => parseCsv(long));
  });

  it('columns are called what they are called', () => {
    const table = parseCsv(`${objectNames.join(',')}\n${objectNames.map(() => '1').join(',')}\n`);
    for (const name of objectNames) expect(table.numbers[name]).toEqual(Float64Array.of(1));
    expect(Object.getPrototypeOf(table.numbers)).toBe(Object.prototype);
  });
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  const path = join(folder, 'data');
  beforeEach(() => mkdirSync(folder, { recursive: true }));
  afterAll(() => rmSync(folder, { recursive: true }));

  const all = async (stream: AsyncIterable<unknown>): Promise<number> => {
    let count = 0;
    for await (const _ of stream) count += 1;
    return count;
  };

  it('are read whole, in pieces, compressed or not, or refused', async () => {
    const valid = [csv, gzipSync(csv), idx, gzipSync(idx)];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...valid).chain(damaged), async (bytes) => {
        writeFileSync(path, bytes);
        const bounds = { perByte: 2000, bytes: 8_000_000 }; // deflate makes a thousand bytes of one
        await bounded(bytes.length, () => readCsv(path, { text: ['label'] }), bounds);
        await bounded(bytes.length, () => all(streamCsv(path, { text: ['label'], batchSize: 2 })), bounds);
        await bounded(bytes.length, () => all(streamIdx(path, { batchSize: 2 })), bounds);
      }),
      { numRuns: 60 },
    );
  });

  it.each(escapingPaths.filter((name) => !name.includes('\\') && !/^(C:|file:|~)/.test(name)))(
    'stay in the folder that the user gave: %j',
    (name) => {
      writeFileSync(path, '');
      expect(() => dataPath(name, { root: join(folder, 'x') })).toThrow(/^dataPath: /);
    },
  );
});
