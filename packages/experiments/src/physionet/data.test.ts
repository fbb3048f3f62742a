import { array, random } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { lastValue, lineBetween } from './baselines.ts';
import { hide, someRecords } from './data.ts';
import { scoreOf } from './score.ts';

// one stay of five hours, two parameters
const t = array([0, 1, 2, 3, 4]);
const y = array([[[1, 10], [0, 20], [3, 0], [0, 0], [5, 40]]]); // prettier-ignore
const mask = array([[[1, 1], [0, 1], [1, 0], [0, 0], [1, 1]]]); // prettier-ignore
const stay = { t, y, mask };

describe('what is hidden', () => {
  it('are whole hours, never the first and the last of a stay', () => {
    const { seen, hidden } = hide(mask, 0.999999, random(0));
    expect(Array.from(seen.data)).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 1, 1]);
    expect(Array.from(hidden.data)).toEqual([0, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
  });

  it('is a share of what was observed, by the generator', () => {
    const many = array(Array.from({ length: 60 }, () => Array.from({ length: 40 }, () => [1, 0, 1])));
    const { seen, hidden } = hide(many, 0.3, random(1));
    const sum = (x: ArrayLike<number>): number => Array.from(x).reduce((a, b) => a + b, 0);
    expect(sum(seen.data) + sum(hidden.data)).toBe(60 * 40 * 2);
    // 38 of 40 hours may be hidden: 684 hours of 2 values, with a standard deviation of 22 hours
    expect(Math.abs(sum(hidden.data) / 2 - 684)).toBeLessThan(88);
    expect(hide(many, 0.3, random(1)).hidden.data).toEqual(hidden.data);
  });
});

describe('what needs no training', () => {
  it('repeats the value before', () => {
    expect(Array.from(lastValue(stay).data)).toEqual([0, 0, 1, 10, 1, 20, 3, 20, 3, 20]);
  });

  it('draws the line between values on both sides, without the hour itself', () => {
    const line = Array.from(lineBetween(stay).data);
    const expected = [3, 20, 2, 17.5, 3, 80 / 3, 4, 100 / 3, 3, 20];
    line.forEach((value, i) => expect(value, `value ${i}`).toBeCloseTo(expected[i]!, 4));
  });
});

describe('scores', () => {
  it('are of what was hidden, in deviations and in ranges', () => {
    const hidden = array([[[0, 0], [0, 1], [1, 0], [0, 0], [0, 0]]]); // prettier-ignore
    const zero = array([[[0, 0], [0, 19], [1, 0], [0, 0], [0, 0]]]); // prettier-ignore
    const { deviations, ranges } = scoreOf(zero, y, hidden, [0.5, 0.1]);
    expect(deviations).toBeCloseTo((1 + 4) / 2, 6);
    expect(ranges).toBeCloseTo((0.01 + 1) / 2, 6);
  });
});

it('records are taken by their numbers', () => {
  const two = {
    t,
    y: array([
      [[1], [2]],
      [[3], [4]],
    ]),
    mask: array([
      [[1], [0]],
      [[0], [1]],
    ]),
  };
  const { y: taken, mask: of } = someRecords(two, Int32Array.of(1, 0));
  expect(Array.from(taken.data)).toEqual([3, 4, 1, 2]);
  expect(Array.from(of.data)).toEqual([0, 1, 1, 0]);
});
