/** Points of a plane that a scene asks its model about. */
import { hostArray, type HostArray } from '@node-ode/core';
import type { Bounds } from './picture.ts';

/** Rows of points as an array [points, dimensions]. */
export const pointsArray = (data: Float32Array, dimensions = 2): HostArray =>
  hostArray(data, [data.length / dimensions, dimensions], 'f32');

/** The nodes of a grid, corners included: [side · side, 2], row by row from below. */
export function gridNodes(bounds: Bounds, side: number): Float32Array {
  return grid(bounds, side, (i) => i / (side - 1));
}

/** The middles of a grid's cells: [side · side, 2], row by row from below. */
export function gridCells(bounds: Bounds, side: number): Float32Array {
  return grid(bounds, side, (i) => (i + 0.5) / side);
}

function grid({ x, y }: Bounds, side: number, place: (i: number) => number): Float32Array {
  const at = ([from, to]: readonly [number, number], i: number): number => from + (to - from) * place(i);
  return Float32Array.from({ length: 2 * side * side }, (_, k) => {
    const node = k >> 1;
    return k % 2 === 0 ? at(x, node % side) : at(y, Math.floor(node / side));
  });
}

/** Evenly spaced times, both ends included. */
export const evenly = (from: number, to: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));

/** The same points at each of several times: [times · points, dimensions] and a time for each row. */
export function atTimes(
  points: Float32Array,
  times: readonly number[],
  dimensions = 2,
): { readonly t: HostArray; readonly x: HostArray } {
  const rows = points.length / dimensions;
  const x = new Float32Array(times.length * points.length);
  times.forEach((_, k) => x.set(points, k * points.length));
  const t = Float32Array.from({ length: times.length * rows }, (_, i) => times[Math.floor(i / rows)] ?? NaN);
  return { t: hostArray(t, [t.length], 'f32'), x: pointsArray(x, dimensions) };
}

/** Points of `from` dimensions with zeros for the others: [points, to]. */
export function padded(points: Float32Array, from: number, to: number): Float32Array {
  const rows = points.length / from;
  const out = new Float32Array(rows * to);
  for (let i = 0; i < rows; i++) out.set(points.subarray(i * from, (i + 1) * from), i * to);
  return out;
}

/** The first `keep` of each row's `of` numbers. */
export function leading(rows: ArrayLike<number>, of: number, keep: number): Float32Array {
  const count = rows.length / of;
  return Float32Array.from({ length: count * keep }, (_, i) => rows[Math.floor(i / keep) * of + (i % keep)] ?? NaN);
}
