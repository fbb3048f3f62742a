import { describe, expect, it } from 'vitest';
import { atTimes, evenly, gridCells, gridNodes, leading, padded } from './grid.ts';

const bounds = { x: [0, 2], y: [10, 12] } as const;

describe('points of a plane', () => {
  it('are nodes, corners included, row by row from below', () => {
    expect(Array.from(gridNodes(bounds, 2))).toEqual([0, 10, 2, 10, 0, 12, 2, 12]);
  });

  it('are the middles of cells', () => {
    expect(Array.from(gridCells(bounds, 2))).toEqual([0.5, 10.5, 1.5, 10.5, 0.5, 11.5, 1.5, 11.5]);
  });

  it('are given further dimensions, and lose them again', () => {
    const points = Float32Array.of(1, 2, 3, 4);
    expect(Array.from(padded(points, 2, 3))).toEqual([1, 2, 0, 3, 4, 0]);
    expect(leading(padded(points, 2, 5), 5, 2)).toEqual(points);
  });

  it('are repeated at each of several times', () => {
    const { t, x } = atTimes(Float32Array.of(1, 2, 3, 4), evenly(0, 1, 3));
    expect(Array.from(t.data)).toEqual([0, 0, 0.5, 0.5, 1, 1]);
    expect(x.shape).toEqual([6, 2]);
    expect(Array.from(x.data.slice(4, 8))).toEqual([1, 2, 3, 4]);
  });
});
