import { FormatError, OptionError, random, ShapeError, array, toNested } from '@node-ode/core';
import { testDataset } from '@node-ode/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { augment, augmented } from './augment.ts';
import { parseCifar10 } from './cifar10.ts';
import { parseIdx } from './idx.ts';
import { imageDataset, type RawImages } from './images.ts';

const bigEndian = (...words: number[]): number[] =>
  words.flatMap((w) => [w >>> 24, (w >>> 16) & 255, (w >>> 8) & 255, w & 255]);
const idx = (type: number, shape: readonly number[], data: readonly number[]): Uint8Array =>
  Uint8Array.from([0, 0, type, shape.length, ...bigEndian(...shape), ...data]);

describe('parseIdx', () => {
  it('reads every type', () => {
    expect(parseIdx(idx(8, [2, 3], [1, 2, 3, 4, 5, 255]))).toEqual({
      shape: [2, 3],
      data: Uint8Array.of(1, 2, 3, 4, 5, 255),
    });
    expect(parseIdx(idx(9, [1], [255])).data).toEqual(Int8Array.of(-1));
    expect(parseIdx(idx(0x0b, [1], [255, 254])).data).toEqual(Int16Array.of(-2));
    expect(parseIdx(idx(0x0c, [1], [255, 255, 255, 253])).data).toEqual(Int32Array.of(-3));
    expect(parseIdx(idx(0x0d, [1], [0x3f, 0xc0, 0, 0])).data).toEqual(Float32Array.of(1.5));
    expect(parseIdx(idx(0x0e, [1], [0xbf, 0xf8, 0, 0, 0, 0, 0, 0])).data).toEqual(Float64Array.of(-1.5));
    expect(parseIdx(idx(8, [0, 28, 28], [])).shape).toEqual([0, 28, 28]);
  });

  it('names source and offset of what is wrong', () => {
    const message = (bytes: Uint8Array): string => {
      try {
        parseIdx(bytes, { source: 'a.idx' });
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        return String(error);
      }
      throw new Error('nothing was thrown');
    };
    expect(message(new Uint8Array(3))).toContain('a.idx, offset 3: the data ends in the magic number');
    expect(message(Uint8Array.from([0x1f, 0x8b, 8, 0]))).toContain('offset 0: the magic number is 0x1f8b0800');
    expect(message(idx(10, [1], [1]))).toContain('offset 0: the magic number is 0x00000a01');
    expect(message(Uint8Array.of(0, 0, 8, 3, 0, 0))).toContain('offset 6: the data ends in the extents of 3 axes');
    expect(message(idx(8, [2, 3], [1, 2]))).toContain('offset 14: 14 bytes, of which the header claims 18');
    expect(message(idx(8, [1], [1, 2]))).toContain('offset 9: 10 bytes, of which the header claims 9');
    // 2¹²⁸ elements: refused by comparing, not by allocating
    expect(message(idx(8, Array<number>(4).fill(2 ** 32 - 1), [1]))).toContain('the header claims Infinity');
  });

  it('gives an array or a typed error for any bytes', () => {
    const near = fc.tuple(
      fc.constantFrom(8, 9, 11, 12, 13, 14, 15),
      fc.array(fc.nat(2 ** 32 - 1), { maxLength: 4 }),
      fc.uint8Array(),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 64 }),
          near.map(([type, shape, data]) => idx(type, shape, [...data])),
        ),
        (bytes) => {
          try {
            const { shape, data } = parseIdx(bytes);
            expect(shape.reduce((product, n) => product * n, 1)).toBe(data.length);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reads what was written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), (data) => {
        expect(parseIdx(idx(8, [data.length, 1], [...data])).data).toEqual(data);
      }),
    );
  });
});

const cifarRecord = (label: number, fill: (k: number) => number): number[] => [
  label,
  ...Array.from({ length: 3072 }, (_, k) => fill(k)),
];

describe('parseCifar10', () => {
  it('reads labels and planes', () => {
    const bytes = Uint8Array.from([...cifarRecord(3, (k) => k % 251), ...cifarRecord(9, (k) => (k < 1024 ? 7 : 0))]);
    const { shape, labels, pixels } = parseCifar10(bytes);
    expect([shape, labels]).toEqual([[3, 32, 32], Uint8Array.of(3, 9)]);
    expect(pixels.subarray(0, 3072)).toEqual(bytes.subarray(1, 3073));
    expect(pixels.subarray(3072)).toEqual(bytes.subarray(3074));
  });

  it('refuses parts of images and other files', () => {
    expect(() => parseCifar10(new Uint8Array(3074), { source: 'b.bin' })).toThrow(
      'b.bin, offset 3073: 1 bytes are no image',
    );
    expect(() => parseCifar10(new Uint8Array(0))).toThrow(FormatError);
    expect(() => parseCifar10(Uint8Array.from([...cifarRecord(0, () => 0), ...cifarRecord(10, () => 0)]))).toThrow(
      'offset 3073: the label of image 1 is 10',
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(2), (head, n) => {
        const bytes = new Uint8Array(3073 * n + (head.length % 3));
        bytes.set(head.subarray(0, bytes.length));
        try {
          expect(parseCifar10(bytes).labels.every((label) => label < 10)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });
});

const raw = (count: number): RawImages => ({
  shape: [2, 3, 4],
  pixels: Uint8Array.from({ length: 24 * count }, (_, i) => (i * 37) % 256),
  labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
});
const make = () => imageDataset('small', { train: raw(11), test: raw(5) });

testDataset(make, { splits: ['train', 'test'] });
testDataset(() => augmented(make(), { padding: 0 }));

describe('imageDataset', () => {
  it('divides bytes by 255', () => {
    const { x, label } = make().all('test');
    expect([x.shape, x.dtype, label.shape, label.dtype]).toEqual([[5, 2, 3, 4], 'f32', [5], 'i32']);
    expect(Array.from(x.data)).toEqual(Array.from(raw(5).pixels, (p) => Math.fround(p / 255)));
  });

  it('standardises by the channels of train, of the images that are kept', () => {
    const data = imageDataset(
      'small',
      { train: raw(11), test: raw(5) },
      { scale: 'standardized', dtype: 'f64', limit: 7 },
    );
    expect([data.size('train'), data.size('test')]).toEqual([7, 5]);
    const { x } = data.all('train');
    for (const channel of [0, 1]) {
      const values = Array.from(x.data).filter((_, i) => Math.floor(i / 12) % 2 === channel);
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
      expect(mean).toBeCloseTo(0, 13);
      expect(variance).toBeCloseTo(1, 13);
    }
    const [first] = data.channels;
    expect((data.all('test').x.data[0] ?? NaN) * (first?.std ?? NaN) + (first?.mean ?? NaN)).toBeCloseTo(0, 14);
  });

  it('refuses what does not fit', () => {
    expect(() => imageDataset('none', {})).toThrow(OptionError);
    expect(() => imageDataset('odd', { train: { ...raw(2), labels: Uint8Array.of(1) } })).toThrow('1 labels');
    expect(() => imageDataset('odd', { train: raw(2), test: { ...raw(2), shape: [1, 6, 4] } })).toThrow(OptionError);
    expect(() => imageDataset('odd', { test: raw(2) }, { scale: 'standardized' })).toThrow('no split “train”');
    expect(() => imageDataset('odd', { train: raw(2) }, { limit: 0 })).toThrow('limit 0');
  });
});

describe('augment', () => {
  const image = array([
    [
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
  ]);

  it('moves an image by up to the padding, with zeros at its sides, and mirrors it', () => {
    const seen = new Set<string>();
    const rng = random(3);
    for (let i = 0; i < 400; i++) seen.add(JSON.stringify(toNested(augment(image, rng, { padding: 1, flip: true }))));
    // nine places on two sides
    expect(seen.size).toBe(18);
    for (const known of [
      [
        [
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
        ],
      ],
      [
        [
          [
            [3, 2, 1],
            [6, 5, 4],
          ],
        ],
      ],
      [
        [
          [
            [5, 6, 0],
            [0, 0, 0],
          ],
        ],
      ],
      [
        [
          [
            [0, 0, 0],
            [0, 1, 2],
          ],
        ],
      ],
      [
        [
          [
            [0, 6, 5],
            [0, 0, 0],
          ],
        ],
      ],
    ])
      expect(seen).toContain(JSON.stringify(known));
  });

  it('is the same for a seed, and flips half of the images', () => {
    const many = array(Array.from({ length: 400 }, () => [[[1, 2]]]));
    const flipped = augment(many, random(5), { flip: true });
    expect(flipped).toEqual(augment(many, random(5), { flip: true }));
    const count = Array.from(flipped.data).filter((value, i) => i % 2 === 0 && value === 2).length;
    // four standard deviations of a binomial
    expect(Math.abs(count - 200)).toBeLessThan(40);
    expect(augment(many, random(5), {}).data).toEqual(many.data);
  });

  it('refuses other arrays and paddings', () => {
    expect(() => augment(array([1, 2]), random(0), {})).toThrow(ShapeError);
    expect(() => augment(image, random(0), { padding: 0.5 })).toThrow(OptionError);
    expect(() => augmented(make(), { padding: -1 })).toThrow(OptionError);
  });

  it('wraps a data set: only shuffled batches of train are augmented, the same when gone through again', () => {
    const data = augmented(make(), { padding: 2, flip: true });
    const batches = data.batches('train', { batchSize: 4, random: random(2) });
    expect([...batches]).toEqual([...batches]);
    expect([...batches]).toEqual([...data.batches('train', { batchSize: 4, random: random(2) })]);
    expect([...batches]).not.toEqual([...make().batches('train', { batchSize: 4, random: random(2) })]);
    const labels = [...batches].flatMap(({ label }) => Array.from(label.data));
    expect(labels.sort()).toEqual(Array.from(make().all('train').label.data).sort());
    expect([...data.batches('test', { batchSize: 4, random: random(2) })]).toEqual([
      ...make().batches('test', { batchSize: 4, random: random(2) }),
    ]);
    expect([...data.batches('train', { batchSize: 4 })]).toEqual([...make().batches('train', { batchSize: 4 })]);
  });
});
