import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { array, OptionError, toNested } from '@node-ode/core';
import { testDataset } from '@node-ode/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breastCancer, breastCancerTable } from '../breast-cancer/breast-cancer.ts';
import { breastCancerCsv } from '../breast-cancer/rows.ts';
import { parseCsv } from '../csv/parse.ts';
import { kFold } from '../prepare/folds.ts';
import { tableClassification, tableRegression } from './tabular.ts';

const csv = [
  'a,b,c,kind',
  ...Array.from({ length: 20 }, (_, i) => `${i},${(i * i) % 7},${2 * i + 1},${i % 3 === 0 ? 'x' : 'y'}`),
].join('\n');
const table = parseCsv(csv, { text: ['kind'], source: 'small' });

testDataset(() => tableRegression(table, { target: 'c', seed: 1 }), { splits: ['train', 'test'] });
testDataset(() => tableClassification(table, { target: 'kind' }), { splits: ['train', 'test'] });
testDataset(() => breastCancer({ seed: 3 }), { splits: ['train', 'test'] });

describe('tableRegression', () => {
  it('splits by seed, keeps rows together, standardises by train alone', () => {
    const data = tableRegression(table, { target: 'c', features: ['a', 'b'], test: 0.25, seed: 2, dtype: 'f64' });
    const [train, test] = [data.all('train'), data.all('test')];
    expect([train.x.shape, train.y.shape, test.x.shape]).toEqual([
      [15, 2],
      [15, 1],
      [5, 2],
    ]);
    const raw = data.scale.invert(train.x);
    raw.data.forEach((value: number, i: number) => {
      if (i % 2 === 0) expect(train.y.data[i / 2]).toBeCloseTo(2 * value + 1, 12);
    });
    const firsts = Array.from(train.x.data).filter((_, i) => i % 2 === 0);
    expect(firsts.reduce((sum, v) => sum + v, 0)).toBeCloseTo(0, 12);
    expect(firsts.reduce((sum, v) => sum + v * v, 0) / 15).toBeCloseTo(1, 12);
    expect([data.features, data.target]).toEqual([['a', 'b'], 'c']);
    const other = tableRegression(table, { target: 'c', features: ['a'], seed: 3 });
    expect(other.all('train').y.data).not.toEqual(train.y.data);
  });

  it('gives the target in its own units, unless it is asked to standardise it', () => {
    const data = tableRegression(table, {
      target: 'c',
      features: ['a'],
      standardizeTarget: true,
      standardize: false,
      dtype: 'f64',
    });
    const { x, y } = data.all('train');
    data.targetScale
      .invert(y)
      .data.forEach((value: number, i: number) => expect(value).toBeCloseTo(2 * (x.data[i] ?? NaN) + 1, 12));
    expect(Array.from(y.data).reduce((sum, v) => sum + v, 0)).toBeCloseTo(0, 12);
  });

  it('does with missing values what it is told', () => {
    const gaps = parseCsv('x,z,y\n1,1,1\nNA,2,2\n3,3,3\n4,4,NA\n5,5,5\n6,6,6\n', { source: 'gaps' });
    expect(() => tableRegression(gaps, { target: 'y' })).toThrow('gaps: row 2 of gaps has no value of “x”');
    const dropped = tableRegression(gaps, { target: 'y', missing: 'drop', test: 0.25, standardize: false });
    expect(dropped.size('train') + dropped.size('test')).toBe(4);
    expect(() => tableRegression(gaps, { target: 'y', missing: 'mean' })).toThrow('row 4 of gaps has no value of “y”');
    const whole = parseCsv('x,y\n1,1\nNA,2\n3,3\n8,4\nNA,5\n6,6\n');
    for (const standardize of [true, false]) {
      const data = tableRegression(whole, { target: 'y', missing: 'mean', standardize, dtype: 'f64', test: 1 / 3 });
      const train = data.all('train');
      const known = [1, NaN, 3, 8, NaN, 6];
      const seen = Array.from(train.y.data, (y) => known[y - 1] ?? NaN).filter((x) => !Number.isNaN(x));
      const mean = seen.reduce((sum, x) => sum + x, 0) / seen.length;
      for (const split of ['train', 'test']) {
        const { x, y } = data.all(split);
        data.scale.invert(x).data.forEach((value: number, i: number) => {
          const own = known[(y.data[i] ?? NaN) - 1] ?? NaN;
          expect(value).toBeCloseTo(Number.isNaN(own) ? mean : own, 12);
        });
      }
    }
  });

  it('refuses what it can’t do', () => {
    expect(() => tableRegression(table, { target: 'kind' })).toThrow(OptionError);
    expect(() => tableRegression(table, { target: 'c', features: ['c'] })).toThrow('and not the target');
    expect(() => tableRegression(table, { target: 'c', features: [] })).toThrow(OptionError);
    expect(() => tableRegression(table, { target: 'c', features: ['kind'] })).toThrow('no column of numbers “kind”');
    expect(() => tableRegression(table, { target: 'c', test: 0 })).toThrow(OptionError);
    const empty = parseCsv('x,y\nNA,1\nNA,2\nNA,3\nNA,4\n');
    expect(() => tableRegression(empty, { target: 'y', missing: 'mean' })).toThrow('the feature “x” has no value');
  });
});

describe('tableClassification', () => {
  it('numbers classes of words and of numbers in order', () => {
    const data = tableClassification(table, { target: 'kind', features: ['a'], standardize: false });
    expect(data.classes).toEqual(['x', 'y']);
    const { x, label } = data.all('train');
    label.data.forEach((one: number, i: number) => expect(one).toBe((x.data[i] ?? NaN) % 3 === 0 ? 0 : 1));
    const numbers = parseCsv('x,y\n1,10\n2,9\n3,10\n4,-1\n');
    expect(tableClassification(numbers, { target: 'y', test: 0.25 }).classes).toEqual(['-1', '9', '10']);
    const gaps = parseCsv('x,y\n1,10\n2,NA\n3,10\n4,-1\n');
    expect(() => tableClassification(gaps, { target: 'y' })).toThrow('row 2');
    expect(tableClassification(gaps, { target: 'y', missing: 'drop', test: 0.3 }).classes).toEqual(['-1', '10']);
  });
});

describe('breastCancer', () => {
  it('is the file beside it, and the file is the one that SOURCE.md describes', () => {
    const file = (name: string): string =>
      readFileSync(new URL(`../../data/breast-cancer/${name}`, import.meta.url), 'utf8');
    expect(file('breast_cancer.csv')).toBe(breastCancerCsv);
    expect(file('SOURCE.md')).toContain(createHash('sha256').update(breastCancerCsv).digest('hex'));
  });

  it('has 212 malignant and 357 benign tumours, 30 features', () => {
    const { numbers, length } = breastCancerTable();
    expect([
      length,
      numbers['target']?.filter((t) => t === 0).length,
      numbers['target']?.filter((t) => t === 1).length,
    ]).toEqual([569, 212, 357]);
    const data = breastCancer();
    expect([data.features.length, data.classes]).toEqual([30, ['malignant', 'benign']]);
    expect([data.all('train').x.shape, data.all('test').label.shape]).toEqual([[455, 30], [114]]);
    // malignant tumours are larger
    const { x, label } = data.all('train');
    const radius = (wanted: number): number[] =>
      Array.from(label.data).flatMap((l, i) => (l === wanted ? [x.data[30 * i] ?? NaN] : []));
    const mean = (values: number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
    expect(mean(radius(0))).toBeGreaterThan(mean(radius(1)) + 1);
  });
});

describe('kFold', () => {
  it('tests each sample once and trains on the others', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 30 }),
        fc.integer({ min: 2, max: 8 }),
        fc.integer(),
        (size, folds, seed) => {
          const sample = { x: array(Array.from({ length: size }, (_, i) => [i])) };
          if (folds > size) return void expect(() => kFold(sample, { folds, seed })).toThrow(OptionError);
          const parts = kFold(sample, { folds, seed });
          const tested = parts.flatMap(({ test }) => Array.from(test.x.data));
          expect(tested.sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
          for (const { train, test } of parts) {
            expect([...train.x.data, ...test.x.data].sort((a, b) => a - b)).toEqual(tested);
            expect(Math.abs(test.x.data.length - size / folds)).toBeLessThan(1);
          }
        },
      ),
      { numRuns: 50 },
    );
    expect(toNested(kFold({ x: array([1, 2]) }, { folds: 2 })[0]?.test.x ?? array([]))).toHaveLength(1);
    for (const folds of [1, 2.5, NaN]) expect(() => kFold({ x: array([1, 2, 3]) }, { folds })).toThrow(OptionError);
  });
});
