import { array, OptionError, random, ShapeError, toNested, TreeError } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { inMemory } from './in-memory.ts';
import { timeSeries } from './time-series.ts';

const sample = {
  x: array([
    [0, 10],
    [1, 11],
    [2, 12],
    [3, 13],
    [4, 14],
  ]),
  nested: [{ y: array([0, 1, 2, 3, 4], { dtype: 'i32' }) }] as const,
};
const points = inMemory('points', {
  train: sample,
  none: { ...sample, x: array([[1, 2]]), nested: [{ y: array([7]) }] as const },
});

const firsts = (batches: Iterable<typeof sample>): number[][] =>
  [...batches].map(({ nested }) => Array.from(nested[0].y.data));

describe('inMemory', () => {
  it('tells its splits and their sizes', () => {
    expect([points.name, points.splits, points.size('train'), points.size('none')]).toEqual([
      'points',
      ['train', 'none'],
      5,
      1,
    ]);
    expect(points.all('train')).toEqual(sample);
  });

  it('gives batches in order, every leaf by the same rows', () => {
    const batches = [...points.batches('train', { batchSize: 2 })];
    expect(batches.map(({ x }) => toNested(x))).toEqual([
      [
        [0, 10],
        [1, 11],
      ],
      [
        [2, 12],
        [3, 13],
      ],
      [[4, 14]],
    ]);
    expect(batches.map(({ nested }) => [nested[0].y.dtype, ...nested[0].y.data])).toEqual([
      ['i32', 0, 1],
      ['i32', 2, 3],
      ['i32', 4],
    ]);
  });

  it('leaves the last, smaller batch out if asked', () => {
    expect(firsts(points.batches('train', { batchSize: 2, dropLast: true }))).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(firsts(points.batches('train', { batchSize: 5, dropLast: true }))).toHaveLength(1);
    expect(firsts(points.batches('train', { batchSize: 6, dropLast: true }))).toEqual([]);
  });

  it('shuffles by the generator: each sample once, again the same from the same state', () => {
    const first = firsts(points.batches('train', { batchSize: 2, random: random(3) }));
    expect(first.flat().sort()).toEqual([0, 1, 2, 3, 4]);
    expect(firsts(points.batches('train', { batchSize: 2, random: random(3) }))).toEqual(first);
    const source = random(3);
    const orders = Array.from({ length: 8 }, () => firsts(points.batches('train', { batchSize: 5, random: source })));
    expect(new Set(orders.map(String)).size).toBeGreaterThan(4);
  });

  it('gives the same batches when gone through again', () => {
    const batches = points.batches('train', { batchSize: 2, random: random(3) });
    expect(firsts(batches)).toEqual(firsts(batches));
  });

  it('does not touch the data', () => {
    const [batch] = points.batches('train', { batchSize: 2 });
    batch?.x.data.fill(99);
    points.all('train').x.data.fill(99);
    expect(sample.x.data[0]).toBe(0);
  });

  it('refuses what it can’t do', () => {
    expect(() => points.size('valid')).toThrow('points: no split “valid”; expected one of train, none.');
    expect(() => points.all('toString')).toThrow(OptionError);
    // at the call, not at the first batch
    expect(() => points.batches('train', { batchSize: 0 })).toThrow(
      'points.batches: batchSize 0; expected a positive integer',
    );
    expect(() => points.batches('train', { batchSize: 1.5 })).toThrow(OptionError);
    const ragged = { x: array([1, 2]), y: array([1, 2, 3]) };
    expect(() => inMemory('ragged', { train: ragged })).toThrow(ShapeError);
    expect(() => inMemory('ragged', { train: ragged })).toThrow('arrays of shapes [2] and [3]');
    expect(() => inMemory('scalar', { train: { x: array(1) } })).toThrow(ShapeError);
    expect(() => inMemory('empty', { train: {} })).toThrow(TreeError);
  });
});

describe('timeSeries', () => {
  const t = array([0, 1, 2]);
  const series = timeSeries('tide', { train: { t, y: array([1, 2, 3]) } });

  it('is one sample, all of the stretch', () => {
    expect(series.size('train')).toBe(1);
    const batches = [...series.batches('train', { batchSize: 20, random: random(0) })];
    expect(batches).toEqual([series.all('train')]);
  });

  it('refuses what it can’t do', () => {
    expect(() => series.size('test')).toThrow('tide: no split “test”; expected one of train.');
    expect(() => series.batches('train', { batchSize: -1 })).toThrow(OptionError);
    expect(() => timeSeries('tide', { train: { t, y: array([1]) } })).toThrow(ShapeError);
  });
});
