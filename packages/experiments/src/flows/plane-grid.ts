/** Points on a square grid over the plane, for densities as pictures and for integrals. */
import { hostArray, type HostArray } from '@node-ode/core';

/** Cell centres of [−bound, bound]², row by row from below, and the area of a cell. */
export interface PlaneGrid {
  /** [count², 2]. */
  readonly points: HostArray;
  readonly area: number;
  /** Coordinates of the cells' centres along either axis. */
  readonly centres: readonly number[];
  readonly bound: number;
}

/** A grid of count × count cells. */
export function planeGrid(bound: number, count: number): PlaneGrid {
  const side = (2 * bound) / count;
  const centres = Array.from({ length: count }, (_, i) => -bound + (i + 0.5) * side);
  const data = new Float32Array(2 * count * count);
  centres.forEach((y, row) => centres.forEach((x, column) => data.set([x, y], 2 * (row * count + column))));
  return { points: hostArray(data, [count * count, 2], 'f32'), area: side * side, centres, bound };
}

/** Numbers as rows of a square. */
export const toRows = (values: readonly number[]): readonly (readonly number[])[] => {
  const count = Math.round(Math.sqrt(values.length));
  return Array.from({ length: count }, (_, i) => values.slice(i * count, (i + 1) * count));
};
