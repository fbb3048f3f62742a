/** Batched matrix products, accumulated in double precision and rounded once. */
import type { TensorData } from '@node-ode/core';
import { dataOf } from './memory.ts';
import { shelfOf, tensorOf, type Lowering } from './site.ts';
import { broadcastStrides, offsets } from './strides.ts';

/** A matrix of a batch: element (i, j) is at `start` + i·`row` + j·`column`. */
interface Matrix {
  readonly data: TensorData;
  readonly start: number;
  readonly row: number;
  readonly column: number;
}

/** Products with fewer columns than this are computed element by element, others row by row. */
const fewColumns = 4;

export const matmul: Lowering<'matmul'> = (node, site) => {
  const { memory } = site;
  const { transposeA, transposeB } = node.params;
  const [a, b, c] = [tensorOf(node.inputs[0]).shape, tensorOf(node.inputs[1]).shape, tensorOf(node.outputs[0]).shape];
  const [rows, columns] = [c.at(-2)!, c.at(-1)!];
  const inner = a.at(transposeA ? -2 : -1)!;
  const batch = c.slice(0, -2);
  const startsOf = (shape: typeof a): Int32Array => {
    const size = shape.at(-2)! * shape.at(-1)!;
    return offsets(
      batch,
      broadcastStrides(shape.slice(0, -2), batch).map((stride) => stride * size),
    );
  };
  const [as, bs] = [startsOf(a), startsOf(b)];
  const [ai, ak] = transposeA ? [1, a.at(-1)!] : [a.at(-1)!, 1];
  const [bk, bj] = transposeB ? [1, b.at(-1)!] : [b.at(-1)!, 1];
  const [x, y, z] = [site.inputs[0]!, site.inputs[1]!, site.outputs[0]!];
  const shelf = shelfOf(site, node.outputs[0]);
  const scratch = memory.shelf('f64', columns);
  const byRow = bj === 1 && columns >= fewColumns;
  return () => {
    const [p, q] = [dataOf(x), dataOf(y)];
    const out = memory.fill(z, shelf);
    const sums = byRow ? memory.take(scratch) : undefined;
    for (let m = 0; m < as.length; m++) {
      const left: Matrix = { data: p, start: as[m]!, row: ai, column: ak };
      const right: Matrix = { data: q, start: bs[m]!, row: bk, column: bj };
      if (sums === undefined) multiplyByElement(left, right, out, m * rows * columns, rows, inner, columns);
      else multiplyByRow(left, right, out, m * rows * columns, rows, inner, sums.data);
    }
    if (sums !== undefined) memory.release(sums);
  };
};

/** Each element of the product is one dot product. */
function multiplyByElement(
  a: Matrix,
  b: Matrix,
  out: TensorData,
  start: number,
  rows: number,
  inner: number,
  columns: number,
): void {
  const [p, q] = [a.data, b.data];
  let at = start;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let ia = a.start + i * a.row;
      let ib = b.start + j * b.column;
      let sum = 0;
      for (let k = 0; k < inner; k++, ia += a.column, ib += b.row) sum += p[ia]! * q[ib]!;
      out[at++] = sum;
    }
  }
}

/** Each row of the product is a sum of rows of b, which are contiguous; four are added at a time, in order. */
function multiplyByRow(
  a: Matrix,
  b: Matrix,
  out: TensorData,
  start: number,
  rows: number,
  inner: number,
  sums: TensorData,
): void {
  const [p, q] = [a.data, b.data];
  const columns = sums.length;
  const whole = inner - (inner % 4);
  for (let i = 0; i < rows; i++) {
    sums.fill(0);
    let ia = a.start + i * a.row;
    let ib = b.start;
    for (let k = 0; k < whole; k += 4) {
      const [a0, a1, a2, a3] = [p[ia]!, p[ia + a.column]!, p[ia + 2 * a.column]!, p[ia + 3 * a.column]!];
      const [i1, i2, i3] = [ib + b.row, ib + 2 * b.row, ib + 3 * b.row];
      for (let j = 0; j < columns; j++) {
        sums[j] = sums[j]! + a0 * q[ib + j]! + a1 * q[i1 + j]! + a2 * q[i2 + j]! + a3 * q[i3 + j]!;
      }
      ia += 4 * a.column;
      ib += 4 * b.row;
    }
    for (let k = whole; k < inner; k++, ia += a.column, ib += b.row) {
      const a0 = p[ia]!;
      for (let j = 0; j < columns; j++) sums[j]! += a0 * q[ib + j]!;
    }
    const row = start + i * columns;
    for (let j = 0; j < columns; j++) out[row + j] = sums[j]!;
  }
}
