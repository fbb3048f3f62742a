import { expect, it } from 'vitest';
import { median, ratios, summarize } from './statistics.ts';

it('finds the middle value, or the mean of the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 10, 2])).toBe(3);
  expect(median([9, 10, 100])).toBe(10); // sorted as numbers, not as text
  expect(median([])).toBeNaN();
});

it('leaves its argument as it was', () => {
  const values = [3, 1, 2];
  median(values);
  expect(values).toEqual([3, 1, 2]);
});

it('tells the spread by the extremes', () => expect(summarize([5, 1, 2])).toEqual({ median: 2, low: 1, high: 5 }));

it('divides round by round', () => {
  expect(ratios([10, 20, 90], [1, 2, 3])).toEqual([10, 10, 30]);
  expect(ratios([10, 20], [5])).toEqual([2]);
});
