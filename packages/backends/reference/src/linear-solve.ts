/** Batched linear systems by Gaussian elimination with partial pivoting, in double precision, rounded once. */
import type { TensorData } from '@node-ode/core';
import { dataOf } from './memory.ts';
import { shelfOf, tensorOf, type Lowering } from './site.ts';
import { broadcastStrides, offsets } from './strides.ts';

export const linearSolve: Lowering<'linearSolve'> = (node, site) => {
  const { memory } = site;
  const [a, b, x] = [tensorOf(node.inputs[0]).shape, tensorOf(node.inputs[1]).shape, tensorOf(node.outputs[0]).shape];
  const [n, m] = [x.at(-2)!, x.at(-1)!];
  const batch = x.slice(0, -2);
  const startsOf = (shape: typeof a): Int32Array => {
    const size = shape.at(-2)! * shape.at(-1)!;
    return offsets(
      batch,
      broadcastStrides(shape.slice(0, -2), batch).map((stride) => stride * size),
    );
  };
  const [matrixStarts, rightStarts] = [startsOf(a), startsOf(b)];
  const [row, column] = node.params.transposeA ? [1, n] : [n, 1];
  const [matrices, rights, solutions] = [site.inputs[0]!, site.inputs[1]!, site.outputs[0]!];
  const shelf = shelfOf(site, node.outputs[0]);
  const scratch = memory.shelf('f64', n * (n + m));
  return () => {
    const [p, q] = [dataOf(matrices), dataOf(rights)];
    const out = memory.fill(solutions, shelf);
    const buffer = memory.take(scratch);
    const { data } = buffer;
    for (let s = 0; s < matrixStarts.length; s++) {
      const [matrix, right] = [matrixStarts[s]!, rightStarts[s]!];
      for (let i = 0, at = 0; i < n; i++) {
        for (let j = 0; j < n; j++) data[at++] = p[matrix + i * row + j * column]!;
        for (let j = 0; j < m; j++) data[at++] = q[right + i * m + j]!;
      }
      const isRegular = solveInPlace(data, n, m);
      const start = s * n * m;
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < m; j++) out[start + i * m + j] = isRegular ? data[i * (n + m) + n + j]! : NaN;
      }
    }
    memory.release(buffer);
  };
};

/** Rows `[A | B]` of n + m elements become `[… | X]`; false if a pivot is zero or not finite. */
function solveInPlace(rows: TensorData, n: number, m: number): boolean {
  const width = n + m;
  for (let k = 0; k < n; k++) {
    const pivot = largestInColumn(rows, k, n, width);
    const size = Math.abs(rows[pivot * width + k]!);
    if (!(size > 0 && size < Infinity)) return false;
    if (pivot !== k) swapRows(rows, pivot * width, k * width, width);
    for (let i = k + 1; i < n; i++) {
      subtractRow(rows, i * width, rows[i * width + k]! / rows[k * width + k]!, k * width, k + 1, width);
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    for (let j = k + 1; j < n; j++) subtractRow(rows, k * width, rows[k * width + j]!, j * width, n, width);
    for (let c = n; c < width; c++) rows[k * width + c]! /= rows[k * width + k]!;
  }
  return true;
}

/** The row from k on with the largest element in column k; the first that is NaN, if one is. */
function largestInColumn(rows: TensorData, k: number, n: number, width: number): number {
  let best = k;
  for (let i = k + 1; i < n; i++) {
    const size = Math.abs(rows[best * width + k]!);
    if (Number.isNaN(size)) return best;
    if (!(Math.abs(rows[i * width + k]!) <= size)) best = i;
  }
  return best;
}

function swapRows(rows: TensorData, a: number, b: number, width: number): void {
  for (let c = 0; c < width; c++) {
    const held = rows[a + c]!;
    rows[a + c] = rows[b + c]!;
    rows[b + c] = held;
  }
}

/** row −= factor·other, from column `first` on. */
function subtractRow(rows: TensorData, row: number, factor: number, other: number, first: number, width: number): void {
  for (let c = first; c < width; c++) rows[row + c]! -= factor * rows[other + c]!;
}
