import { describe, expect, it } from 'vitest';
import { ticksOf } from './axes.ts';
import { decadesOf, thinned } from './chart.ts';
import { between, valueAt } from './in-time.ts';
import { rgbOf } from './map.ts';

describe('what is drawn', () => {
  it('has round numbers at its axes', () => {
    expect(ticksOf([-2.4, 2.4], 4)).toEqual([-2, 0, 2]);
    expect(ticksOf([0, 25], 4)).toEqual([0, 10, 20]);
    expect(ticksOf([0.11, 0.33], 3)).toEqual([0.2, 0.3]);
  });

  it('has powers of ten at an axis of logarithms, and numbers between where these are few', () => {
    expect(decadesOf([-2.5, 1.2])).toEqual([-2, -1, 0, 1]);
    expect(decadesOf([-2.5, -1.2]).map((tick) => Number((10 ** tick).toPrecision(3)))).toEqual([
      0.005, 0.01, 0.02, 0.05,
    ]);
  });

  it('is on the straight line between two times, and stays at the ends', () => {
    const data = Float32Array.of(0, 10, 1, 20, 5, 30); // two numbers at three times
    const at = (moment: number): number[] => [0, 1].map((i) => valueAt(between(data, 2, 3, moment), i));
    expect(at(0)).toEqual([0, 10]);
    expect(at(0.25)).toEqual([0.5, 15]);
    expect(at(0.75)).toEqual([3, 25]);
    expect(at(1)).toEqual([5, 30]);
    expect(at(7)).toEqual([5, 30]);
    expect(valueAt(between(Float32Array.of(3, 4), 2, 1, 0.6), 1)).toBe(4);
  });

  it('is the mean of neighbours where there are more values than columns', () => {
    expect(thinned([1, 3, 5, 7], 2)).toEqual([2, 6]);
    expect(thinned([1, 2], 5)).toEqual([1, 2]);
    expect(
      thinned(
        Array.from({ length: 1000 }, () => 2),
        300,
      ),
    ).toEqual(new Array(300).fill(2));
  });

  it('has colours as CSS writes them', () => {
    expect(rgbOf('#0072b2')).toEqual([0, 114, 178]);
  });
});
