import { OptionError, ShapeError, toNested } from '@node-ode/core';
import { testDataset } from '@node-ode/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../csv/parse.ts';
import { seriesOf } from './collect.ts';
import { irregularSeries, type Series } from './irregular.ts';
import { physionetFrom, physionetParameters } from './physionet.ts';
import { sharedTimes } from './shared-times.ts';

const series = (count: number): Series[] =>
  Array.from({ length: count }, (_, i) => ({
    t: Array.from({ length: 1 + (i % 3) }, (_, k) => k + i / 10),
    y: Array.from({ length: 2 * (1 + (i % 3)) }, (_, k) => ((i + k) % 4 === 0 ? NaN : i + k)),
    label: i % 2,
  }));
const make = () => irregularSeries('some', { train: series(8), test: series(3) }, { dimensions: 2 });

testDataset(make, { splits: ['train', 'test'] });

describe('irregularSeries', () => {
  it('pads to the longest, with masks and times that go on', () => {
    const data = irregularSeries(
      'two',
      {
        train: [
          { t: [0, 1.5, 2], y: [1, NaN, 3], label: 4 },
          { t: [0.5], y: [7] },
        ],
      },
      { dimensions: 1 },
    );
    const { t, y, mask, length, label } = data.all('train');
    expect([data.points, toNested(y), toNested(mask)]).toEqual([
      3,
      [
        [[1], [0], [3]],
        [[7], [0], [0]],
      ],
      [
        [[1], [0], [1]],
        [[1], [0], [0]],
      ],
    ]);
    expect([toNested(length), toNested(label), label.dtype]).toEqual([[3, 1], [4, -1], 'i32']);
    expect(toNested(t)).toEqual([
      [0, 1.5, 2],
      [0.5, Math.fround(0.5 + 2 / 3), Math.fround(0.5 + 4 / 3)],
    ]);
  });

  it('always has increasing times', () => {
    const times = fc.uniqueArray(
      fc.float({ min: -1000, max: 1000, noNaN: true }).map((t) => (t === 0 ? 0 : t)),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 5 }), (all) => {
        const parts = all.map((t) => ({ t: [...t].sort((a, b) => a - b), y: t.map(() => 1) }));
        const { t } = irregularSeries('any', { train: parts }, { dimensions: 1 }).all('train');
        const points = t.shape[1] ?? 0;
        t.data.forEach((time: number, i: number) => {
          if (i % points > 0) expect(time).toBeGreaterThan(t.data[i - 1] ?? NaN);
        });
      }),
    );
  });

  it('refuses what is no series', () => {
    const one =
      (part: Series): (() => unknown) =>
      () =>
        irregularSeries('bad', { train: [part] }, { dimensions: 1 });
    expect(one({ t: [0, 1], y: [1] })).toThrow(ShapeError);
    expect(one({ t: [1, 0], y: [1, 2] })).toThrow('bad, split “train”, series 0: time 1 is 0, after 1');
    expect(one({ t: [1, 1 + 1e-12], y: [1, 2] })).toThrow(OptionError);
    expect(one({ t: [NaN], y: [1] })).toThrow(OptionError);
    expect(one({ t: [], y: [] })).toThrow('no times');
    expect(one({ t: [1], y: [Infinity] })).toThrow('value 0 is infinite');
    expect(one({ t: [1], y: [1], label: 0.5 })).toThrow('label 0.5');
    expect(() => irregularSeries('bad', { train: [] }, { dimensions: 1 })).toThrow('is empty');
    expect(() => irregularSeries('bad', { train: series(1) }, { dimensions: 0 })).toThrow(OptionError);
  });
});

describe('sharedTimes', () => {
  it('puts series on the union of their times', () => {
    const sample = irregularSeries(
      'two',
      {
        train: [
          { t: [0, 2], y: [1, 2] },
          { t: [1, 2], y: [3, NaN] },
        ],
      },
      { dimensions: 1 },
    ).all('train');
    const { t, y, mask } = sharedTimes(sample);
    expect([toNested(t), toNested(y), toNested(mask)]).toEqual([
      [0, 1, 2],
      [
        [[1], [0], [2]],
        [[0], [3], [0]],
      ],
      [
        [[1], [0], [1]],
        [[0], [1], [0]],
      ],
    ]);
    const longer = sharedTimes(sample, { points: 5 });
    expect(longer.y.shape).toEqual([2, 5, 1]);
    expect([...longer.t.data].every((time, i) => i === 0 || time > (longer.t.data[i - 1] ?? NaN))).toBe(true);
    expect(() => sharedTimes(sample, { points: 2 })).toThrow('at least the batch’s 3 times'.replace('’', "'"));
  });

  it('keeps every observation', () => {
    const sample = make().all('train');
    const { mask, y } = sharedTimes(sample);
    const sum = (x: { data: ArrayLike<number> }): number => Array.from(x.data).reduce((total, v) => total + v, 0);
    expect([sum(mask), sum(y)]).toEqual([sum(sample.mask), sum(sample.y)]);
  });
});

describe('seriesOf', () => {
  it('gathers rows in any order, and takes means', () => {
    const table = parseCsv('id,t,a,b\n1,2,6,7\n2,1,8,9\n1,0,5,NA\n1,2,8,NA\n3,1,NA,NA\n', { source: 'x.csv' });
    const found = seriesOf(table, { series: 'id', time: 't', values: ['a', 'b'] });
    expect([...found.keys()]).toEqual(['1', '2']);
    expect(found.get('1')).toEqual({ t: [0, 2], y: Float64Array.of(5, NaN, 7, 7) });
    expect(seriesOf(table, { time: 't', values: ['b'] }).get('')).toEqual({ t: [1, 2], y: Float64Array.of(9, 7) });
    expect(() => seriesOf(table, { time: 'z', values: ['a'] })).toThrow('x.csv has no column of numbers “z”');
    expect(() => seriesOf(parseCsv('t,a\nNA,1\n'), { time: 't', values: ['a'] })).toThrow('row 1 of CSV has no time');
    const words = parseCsv('who,t,a\nann,0,1\nbob,0,2\n', { text: ['who'] });
    expect([...seriesOf(words, { series: 'who', time: 't', values: ['a'] }).keys()]).toEqual(['ann', 'bob']);
  });
});

describe('physionetFrom', () => {
  const rows = Array.from({ length: 12 }, (_, i) => [
    { record: `r${i}`, minutes: 0, parameter: 'Weight', value: i % 2 === 0 ? -1 : 70 },
    { record: `r${i}`, minutes: 61, parameter: 'HR', value: 60 + i },
    { record: `r${i}`, minutes: 61, parameter: 'HR', value: 62 + i },
    { record: `r${i}`, minutes: 65, parameter: 'Temp', value: 37 },
    { record: `r${i}`, minutes: 0, parameter: 'Age', value: 50 + i },
  ]).flat();
  const deaths = new Map(Array.from({ length: 12 }, (_, i) => [`r${i}`, i % 3 === 0 ? 1 : 0]));

  it('gives hours, masks, means of values at one time, labels; −1 is unknown', () => {
    const data = physionetFrom(rows, deaths, {
      parameters: ['HR', 'Weight'],
      standardize: false,
      test: 0.25,
      dtype: 'f64',
    });
    expect([data.size('train'), data.size('test'), data.parameters]).toEqual([9, 3, ['HR', 'Weight']]);
    const { t, y, mask, label, length } = data.all('train');
    for (let i = 0; i < 9; i++) {
      const own = length.data[i] ?? 0;
      const at = (i * data.points + own - 1) * 2;
      expect(t.data[i * data.points + own - 1]).toBeCloseTo(61 / 60, 12);
      const record = (y.data[at] ?? NaN) - 61;
      expect([mask.data[at], mask.data[at + 1]]).toEqual([1, 0]);
      expect(own).toBe(record % 2 === 0 ? 1 : 2);
      expect(label.data[i]).toBe(record % 3 === 0 ? 1 : 0);
    }
  });

  it('standardises what was observed in train, and rounds times', () => {
    const data = physionetFrom(rows, deaths, { parameters: ['HR', 'Temp'], quantize: 6, dtype: 'f64' });
    const { y, mask, t } = data.all('train');
    const values = Array.from(y.data).filter((_, i) => i % 2 === 0 && mask.data[i] === 1);
    expect(values.reduce((sum, v) => sum + v, 0)).toBeCloseTo(0, 11);
    expect(values.reduce((sum, v) => sum + v * v, 0) / values.length).toBeCloseTo(1, 11);
    expect(t.data[0]).toBe(1);
    expect(data.scale[1]).toEqual({ mean: 37, std: 1 });
  });

  it('refuses what it does not know', () => {
    expect(physionetParameters).toHaveLength(37);
    for (const options of [
      { parameters: ['Mood'] },
      { parameters: ['HR', 'HR'] },
      { parameters: [] },
      { quantize: 0 },
      { test: 1 },
      { limit: 1 },
    ])
      expect(() => physionetFrom(rows, deaths, options), JSON.stringify(options)).toThrow(OptionError);
  });
});
