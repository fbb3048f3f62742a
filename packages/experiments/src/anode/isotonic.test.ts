import { ShapeError } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { isotonic, monotone } from './isotonic.ts';

describe('the best monotone fit', () => {
  it('pools adjacent violators', () => {
    const { x, y, mse } = isotonic([3, 1, 2], [2, 1, 3]);
    expect([x, y]).toEqual([
      [1, 2, 3],
      [1, 2.5, 2.5],
    ]);
    expect(mse).toBeCloseTo(1 / 6, 15);
  });

  it('is that of SciPy', () => {
    // scipy.optimize.isotonic_regression([1.5, 1, 4, 2, 5, 3.5, 3, 7, 6]).x
    const { y } = isotonic([0, 1, 2, 3, 4, 5, 6, 7, 8], [1.5, 1, 4, 2, 5, 3.5, 3, 7, 6]);
    const expected = [1.25, 1.25, 3, 3, 23 / 6, 23 / 6, 23 / 6, 6.5, 6.5];
    y.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 14));
  });

  it('has one value where x is the same, weighted by the points there', () => {
    const { x, y, mse } = isotonic([-1, -1, -1, 1], [1, 1, 1, -1]);
    expect([x, y]).toEqual([
      [-1, 1],
      [0.5, 0.5],
    ]);
    expect(mse).toBeCloseTo(0.75, 15); // 3 · 0.25 + 2.25 over 4
  });

  it('falls where that is better', () => {
    const { y, mse } = monotone([0, 1, 2], [3, 1, 2]);
    expect(y).toEqual([3, 1.5, 1.5]);
    expect(mse).toBeCloseTo(1 / 6, 15);
  });

  it('needs points', () => {
    expect(() => isotonic([], [])).toThrow(ShapeError);
    expect(() => isotonic([1], [1, 2])).toThrow('isotonic: 1 x values and 2 y values');
  });
});
