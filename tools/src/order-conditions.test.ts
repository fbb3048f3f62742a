import { rungeKutta } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { attainedOrders, density, orderConditions, orderOf, rootedTrees, write } from './order-conditions.ts';

describe('rooted trees', () => {
  it('are as many as there are', () => {
    const trees = rootedTrees(8);
    const counts = [1, 2, 3, 4, 5, 6, 7, 8].map((order) => trees.filter((tree) => orderOf(tree) === order).length);
    expect(counts).toEqual([1, 1, 2, 4, 9, 20, 48, 115]);
    expect(new Set(trees.map(write)).size).toBe(trees.length);
  });

  it('have the densities of Hairer, Nørsett & Wanner I, table II.2.1', () => {
    const densities = rootedTrees(4).map(density);
    expect(densities.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 6, 8, 12, 24]);
    expect(density([[], [[]]])).toBe(8);
  });
});

describe('order conditions', () => {
  it('are those of the tableau', async () => {
    // Ralston's third-order method; sums over its coefficients are written out here
    const b = [2 / 9, 1 / 3, 4 / 9];
    const c = [0, 1 / 2, 3 / 4];
    const ralston = rungeKutta({ name: 'ralston', order: 3, c, a: [[], [1 / 2], [0, 3 / 4]], b });
    const conditions = await orderConditions(ralston, 4);
    const of = (tree: string): number => conditions.find((condition) => write(condition.tree) === tree)?.defect ?? NaN;
    for (const { order, defect, errorWeight } of conditions) {
      expect(errorWeight).toBeUndefined();
      if (order <= 3) expect(Math.abs(defect)).toBeLessThan(1e-15);
    }
    const cubes = b.reduce((sum, bi, i) => sum + bi * (c[i] ?? 0) ** 3, 0);
    expect(of('[[],[],[]]')).toBeCloseTo(cubes - 1 / 4, 14);
    expect(of('[[],[[]]]')).toBeCloseTo((4 / 9) * (3 / 4) * (3 / 4) * (1 / 2) - 1 / 8, 14);
    expect(of('[[[[]]]]')).toBeCloseTo(-1 / 24, 14);
  });

  it('show a wrong coefficient', async () => {
    // b, c and row sums are consistent; only a condition on a fails
    const wrong = rungeKutta({
      name: 'wrong',
      order: 4,
      c: [0, 1 / 2, 1 / 2, 1],
      a: [[], [1 / 2], [0, 1 / 2], [0, 1 / 2, 1 / 2]],
      b: [1 / 6, 1 / 3, 1 / 3, 1 / 6],
    });
    const conditions = await orderConditions(wrong, 4);
    const failed = conditions.filter(({ defect }) => Math.abs(defect) > 1e-12).map(({ tree }) => write(tree));
    expect(failed).toEqual(['[[[[]]]]']);
    expect(await attainedOrders(wrong)).toEqual({ solution: 3, dense: 2, embedded: undefined });
  });
});
