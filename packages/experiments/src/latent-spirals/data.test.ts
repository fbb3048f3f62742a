import { array } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { along, someOf, spirals } from './data.ts';

describe('spirals', () => {
  const few = spirals({ observed: 30, train: 5, test: 4 });
  const all = spirals({ observed: 100, train: 5, test: 4 });

  it('are the same whatever the number of observed points', () => {
    expect(few.train.truth.data).toEqual(all.train.truth.data);
    expect(few.test.future.data).toEqual(all.test.future.data);
    expect(few.train.grid.y.data).toEqual(all.train.grid.y.data);
    expect(few.train.truth.data).not.toEqual(few.test.truth.data);
  });

  it('have the observed points side by side, and among the times of all', () => {
    const { observed, grid } = few.train;
    expect([observed.t.shape, observed.y.shape, observed.mask.shape]).toEqual([
      [5, 30],
      [5, 30, 2],
      [5, 30, 2],
    ]);
    const places = Array.from({ length: 5 * 100 }, (_, i) => i).filter((i) => grid.mask.data[2 * i] === 1);
    expect(places).toHaveLength(5 * 30);
    expect(Array.from(observed.t.data)).toEqual(places.map((i) => grid.t.data[i % 100]));
    expect(Array.from(observed.y.data)).toEqual(places.flatMap((i) => Array.from(grid.y.data.slice(2 * i, 2 * i + 2))));
    expect(observed.t.data[0]).toBe(0);
  });

  it('go on where they end', () => {
    const { grid, futureT, truth, future } = few.test;
    const step = grid.t.data[1]!;
    expect(futureT.data[0]! - grid.t.data[99]!).toBeCloseTo(step, 5);
    const jump = Math.hypot(future.data[0]! - truth.data[198]!, future.data[1]! - truth.data[199]!);
    const before = Math.hypot(truth.data[198]! - truth.data[196]!, truth.data[199]! - truth.data[197]!);
    expect(jump / before).toBeGreaterThan(0.8);
    expect(jump / before).toBeLessThan(1.25);
  });
});

describe('rows', () => {
  // two samples of three points
  const x = array([[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [11, 12]]]); // prettier-ignore

  it('are taken from a place on, forwards or backwards, with zeros behind the end', () => {
    expect(Array.from(along(x, 1, 1).data)).toEqual([3, 4, 5, 6, 0, 0, 9, 10, 11, 12, 0, 0]);
    expect(Array.from(along(x, 0, -1, 1).data)).toEqual([0, 0, 1, 2, 0, 0, 0, 0, 7, 8, 0, 0]);
    expect(Array.from(along(x, 1, -1, 1).data)).toEqual([0, 0, 3, 4, 1, 2, 0, 0, 9, 10, 7, 8]);
  });

  it('are those of the samples asked for', () => {
    expect(Array.from(someOf(x, Int32Array.of(1)).data)).toEqual([7, 8, 9, 10, 11, 12]);
  });
});
