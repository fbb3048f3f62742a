import { array, OptionError, ShapeError, toNested } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { trainTestSplit } from './split.ts';
import { standardize, standardizer } from './standardize.ts';

describe('standardize', () => {
  const train = array(
    [
      [1, 10, 5],
      [3, NaN, 5],
      [5, 30, 5],
    ],
    { dtype: 'f64' },
  );

  it('fits mean and standard deviation of each feature, without what is missing', () => {
    const { mean, std } = standardize(train);
    expect(toNested(mean)).toEqual([3, 20, 5]);
    expect(toNested(std)).toEqual([Math.sqrt(8 / 3), 10, 1]);
  });

  it('gives mean 0 and deviation 1, and inverts', () => {
    const { apply, invert } = standardize(train);
    const z = apply(train);
    expect([z.data[1], z.data[4], z.data[7]]).toEqual([-1, NaN, 1]);
    expect([z.data[2], z.data[5], z.data[8]]).toEqual([0, 0, 0]);
    const again = standardize(z);
    expect(again.mean.data[0]).toBeCloseTo(0, 14);
    expect(again.std.data[0]).toBeCloseTo(1, 14);
    const back = invert(z).data;
    expect(back[4]).toBeNaN();
    for (const i of [0, 1, 2, 3, 5, 6, 7, 8]) expect(back[i]).toBeCloseTo(train.data[i] ?? NaN, 12);
  });

  it('applies to other arrays with the same features, and to vectors', () => {
    const { apply } = standardize(array([[0], [2]]));
    expect(apply(array([[[3]], [[5]]])).shape).toEqual([2, 1, 1]);
    expect(toNested(apply(array([[[3]], [[5]]])))).toEqual([[[2]], [[4]]]);
    const vector = standardize(array([0, 2]));
    expect([vector.mean.shape, toNested(vector.apply(array([3, 4, 5])))]).toEqual([[], [2, 3, 4]]);
  });

  it('comes back from its numbers', () => {
    const { mean, std, apply } = standardize(train);
    expect(standardizer({ mean, std }).apply(train)).toEqual(apply(train));
  });

  it('refuses what has no statistics or other features', () => {
    expect(() => standardize(array([[NaN, 1]]))).toThrow('standardize: feature 0 has no values');
    expect(() => standardize(array([], { shape: [0, 2] }))).toThrow(OptionError);
    expect(() => standardize(array([1, 2], { dtype: 'i32' }))).toThrow(OptionError);
    expect(() => standardize(train).apply(array([[1, 2]]))).toThrow(ShapeError);
  });
});

describe('trainTestSplit', () => {
  const sample = {
    x: array(Array.from({ length: 10 }, (_, i) => [i, i])),
    y: array(Array.from({ length: 10 }, (_, i) => i)),
  };

  it('puts each sample into one part, all leaves alike', () => {
    const { train, test } = trainTestSplit(sample, { test: 0.3, seed: 4 });
    expect([train.x.shape, test.x.shape]).toEqual([
      [7, 2],
      [3, 2],
    ]);
    expect([...train.y.data, ...test.y.data].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect((toNested(train.x) as number[][]).map(([first]) => first)).toEqual(Array.from(train.y.data));
  });

  it('depends on the seed', () => {
    const order = (seed: number): string => String(trainTestSplit(sample, { seed }).train.y.data);
    expect(order(1)).toBe(order(1));
    expect(new Set([1, 2, 3].map(order)).size).toBe(3);
  });

  it('refuses to leave a part empty', () => {
    for (const test of [0, 1, -0.5, 0.01, NaN]) expect(() => trainTestSplit(sample, { test })).toThrow(OptionError);
  });
});
