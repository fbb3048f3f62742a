/** Products of matrices that lie anywhere, at extents that fill panels and blocks, and at others. */
import { random } from '@node-ode/core';
import { expect, it } from 'vitest';
import { addProduct, type Matrix } from './product.ts';

const rng = random(3);
const normal = (length: number): Float32Array => Float32Array.from({ length }, () => rng.normal());
const steps = (count: number, step: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i * step);

/** Row by row, or column by column, with elements in front that are not its own. */
const matrix = (data: Float32Array, rows: number, columns: number, isTransposed: boolean): Matrix<Float32Array> => ({
  data,
  start: 3,
  rows: steps(rows, isTransposed ? 1 : columns),
  columns: steps(columns, isTransposed ? rows : 1),
});

const at = ({ data, start, rows, columns }: Matrix<Float32Array>, row: number, column: number): number =>
  data[start + rows[row]! + columns[column]!]!;

it.each([
  [1, 1, 1],
  [4, 4, 4],
  [5, 3, 7],
  [1, 9, 13],
  [6, 1, 2],
  [3, 0, 5],
  // Several blocks of columns, the last one short; several of what is summed over; an axis that a block does not hold.
  [5, 300, 333],
  [5, 4001, 9],
  [2, 3, 40_000],
  [2, 40_000, 3],
])('are those of %i, %i and %i', (rows, inner, columns) => {
  for (const [turnsLeft, turnsRight] of [
    [false, false],
    [true, false],
    [false, true],
  ] as const) {
    const left = matrix(normal(3 + rows * inner), rows, inner, turnsLeft);
    const right = matrix(normal(3 + inner * columns), inner, columns, turnsRight);
    const target = matrix(normal(3 + rows * columns), rows, columns, false);
    const before = target.data.slice();
    addProduct({ left, right, target });
    expect(target.data.subarray(0, 3)).toEqual(before.subarray(0, 3));
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        let [sum, size] = [0, 0];
        for (let k = 0; k < inner; k++) {
          const term = at(left, row, k) * at(right, k, column);
          sum += term;
          size += Math.abs(term);
        }
        const wanted = at({ ...target, data: before }, row, column) + sum;
        // In doubles, and rounded once for each of the two sums.
        const most = 2 ** -22 * (Math.abs(wanted) + Math.abs(sum)) + 1e-12 * size;
        const error = Math.abs(at(target, row, column) - wanted);
        if (!(error <= most)) expect.fail(`element ${row}, ${column} is ${error} off; at most ${most}`);
      }
    }
  }
});

it('adds where the target has an element several times', () => {
  const line = (
    data: readonly number[],
    rows: readonly number[],
    columns: readonly number[],
  ): Matrix<Float32Array> => ({
    data: Float32Array.from(data),
    start: 0,
    rows: Int32Array.from(rows),
    columns: Int32Array.from(columns),
  });
  const target = line([0, 0, 0], [0, 1], [0, 1]);
  addProduct({ left: line([1, 10], [0, 1], [0]), right: line([2, 3], [0], [0, 1]), target });
  expect(Array.from(target.data)).toEqual([2, 3 + 20, 30]);
});

it('lets nothing that is not finite out of its row and column', () => {
  const left = matrix(Float32Array.of(0, 0, 0, 1, NaN, 2), 3, 1, false);
  const right = matrix(Float32Array.of(0, 0, 0, 1, 2, Infinity, 4, 5), 1, 5, false);
  const target = matrix(new Float32Array(18), 3, 5, false);
  addProduct({ left, right, target });
  expect(Array.from(target.data.subarray(3))).toEqual([
    ...[1, 2, Infinity, 4, 5],
    ...[NaN, NaN, NaN, NaN, NaN],
    ...[2, 4, Infinity, 8, 10],
  ]);
});
