import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { FormatError, OptionError } from '@node-ode/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inflateZlib } from '../node/load/mat.ts';
import { parseMat } from './parse.ts';
import { parseSvhn } from './svhn.ts';

const file = (name: string): Uint8Array => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
interface Expected {
  readonly numbers: Readonly<Record<string, { readonly shape: number[]; readonly data: number[] }>>;
  readonly svhn: { readonly images: number[]; readonly labels: number[] };
}
/** Written by SciPy: tools/references/mat_files.py. */
const expected = JSON.parse(readFileSync(new URL('fixtures/expected.json', import.meta.url), 'utf8')) as Expected;
const inflate = inflateZlib;

const messageOf = (bytes: Uint8Array, names?: readonly string[]): string => {
  try {
    parseMat(bytes, { source: 'a.mat', inflate, ...(names === undefined ? {} : { names }) });
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return String(error);
  }
  throw new Error('nothing was thrown');
};

describe('parseMat', () => {
  it.each(['numbers.mat', 'numbers-plain.mat'])('reads every class of numbers that SciPy wrote: %s', (name) => {
    const found = parseMat(file(name), { inflate });
    expect(found.map((variable) => variable.name)).toEqual(Object.keys(expected.numbers));
    for (const { name: variable, shape, data } of found) {
      expect([variable, shape, Array.from(data)]).toEqual([
        variable,
        expected.numbers[variable]?.shape,
        expected.numbers[variable]?.data,
      ]);
    }
  });

  it('leaves out what is not wanted', () => {
    const [wanted, ...others] = parseMat(file('others.mat'), { inflate, names: ['wanted'] });
    expect([wanted?.shape, Array.from(wanted?.data ?? []), others]).toEqual([[1, 2], [1, 2], []]);
  });

  it('refuses by name what are no numbers', () => {
    for (const [name, what] of [
      ['text', 'text'],
      ['complex', 'complex double'],
      ['struct', 'a struct'],
      ['cell', 'a cell array'],
      ['sparse', 'a sparse array'],
    ] as const)
      expect(messageOf(file('others.mat'), [name])).toContain(`“${name}” is ${what}`);
    expect(messageOf(file('others.mat'), ['nothing'])).toContain('there is no variable “nothing”');
  });

  it('refuses other versions and formats', () => {
    expect(messageOf(file('version-4.mat'))).toContain('a.mat, offset');
    const hdf = new Uint8Array(200);
    hdf.set([0, 2, 0x49, 0x4d], 124);
    expect(messageOf(hdf)).toContain('Save version 7.3, which is HDF5, as version 7');
    expect(messageOf(new Uint8Array(300))).toContain('offset 124: the version is 0x0000');
    expect(messageOf(new Uint8Array(100))).toContain('offset 100: the data ends in the header');
  });

  it('asks for inflate where there is compressed data', () => {
    expect(() => parseMat(file('svhn.mat'))).toThrow(OptionError);
    expect(parseMat(file('svhn-plain.mat'))).toHaveLength(2);
  });

  it('reads the other byte order', () => {
    const words = (...values: number[]): number[] =>
      values.flatMap((w) => [w >>> 24, (w >>> 16) & 255, (w >>> 8) & 255, w & 255]);
    const parts = [
      ...words(6, 8, 6, 0), // flags: double
      ...words(5, 8, 1, 2), // extents
      ...words(0x00010001, 0x78000000), // the name x, a small element
      ...words(3, 4, 0xfffe0007, 0), // two int16: −2, 7
    ];
    const bytes = Uint8Array.from([...new Uint8Array(124), 1, 0, 0x4d, 0x49, ...words(14, parts.length), ...parts]);
    expect(parseMat(bytes)).toEqual([{ name: 'x', shape: [1, 2], data: Int16Array.of(-2, 7) }]);
  });

  it.each(['numbers.mat', 'numbers-plain.mat', 'svhn.mat'])(
    'gives variables or a typed error for damaged files: %s',
    (name) => {
      const good = file(name);
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.integer({ min: 116, max: good.length - 1 }), fc.nat(255)), { maxLength: 4 }),
          fc.integer({ min: 0, max: good.length }),
          fc.boolean(),
          (changes, length, isCut) => {
            const bytes = Uint8Array.from(good);
            for (const [at, value] of changes) bytes[at] = value;
            try {
              parseMat(isCut ? bytes.subarray(0, length) : bytes, { inflate });
            } catch (error) {
              expect(error).toBeInstanceOf(FormatError);
            }
          },
        ),
        { numRuns: 400 },
      );
    },
  );

  it('refuses every truncation within a variable', () => {
    const good = file('svhn-plain.mat');
    for (let length = 129; length < good.length; length++) {
      const names = ['X', 'y'];
      expect(() => parseMat(good.subarray(0, length), { names }), String(length)).toThrow(FormatError);
    }
  });

  it('does not decompress more than a variable says, nor believe what deflate can’t do', () => {
    const word = (w: number): number[] => [w & 255, (w >>> 8) & 255, (w >>> 16) & 255, w >>> 24];
    const header = [...new Uint8Array(124), 0, 1, 0x49, 0x4d];
    const packed = (claimed: number, length: number): Uint8Array => {
      const inner = new Uint8Array(8 + length);
      inner.set([...word(14), ...word(claimed)]);
      const data = deflateSync(inner);
      return Uint8Array.from([...header, ...word(15), ...word(data.length), ...data]);
    };
    // a bomb: 50 MB of zeros behind a tag that says 16 bytes
    expect(messageOf(packed(16, 50_000_000))).toContain('offset 136: compressed data that is damaged');
    expect(messageOf(packed(0xfffffff0, 64))).toContain('a variable of 4294967288 bytes');
  });
});

describe('parseSvhn', () => {
  it.each(['svhn.mat', 'svhn-plain.mat'])('gives rows of images as SciPy does: %s', (name) => {
    const { shape, pixels, labels } = parseSvhn(file(name), { inflate });
    expect(shape).toEqual([3, 4, 5]);
    expect(Array.from(labels)).toEqual(expected.svhn.labels);
    expect(Array.from(pixels)).toEqual(expected.svhn.images);
  });

  it('refuses other files', () => {
    expect(() => parseSvhn(file('numbers.mat'), { inflate, source: 'n.mat' })).toThrow('n.mat, offset');
    const bytes = Uint8Array.from(file('svhn-plain.mat'));
    const label = bytes.lastIndexOf(2);
    bytes[label] = 11;
    expect(() => parseSvhn(bytes)).toThrow('the label of image 5 is 11');
  });
});
