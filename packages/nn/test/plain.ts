/** Affine maps on plain arrays: what references written out in the tests share. */
import type { HostArray } from '@node-ode/core';

/** An affine map as the layers' parameters hold it. */
export interface PlainLinear {
  readonly weight: HostArray;
  readonly bias?: HostArray;
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The rows of an array [rows, columns]. */
export function rowsOf({ data, shape }: HostArray): number[][] {
  const [rows = 0, columns = 0] = shape;
  return Array.from({ length: rows }, (_, i) => Array.from(data.slice(i * columns, (i + 1) * columns)));
}

/** x·W + b of a vector. */
export function affine({ weight, bias }: PlainLinear, x: readonly number[]): number[] {
  const [inputs = 0, outputs = 0] = weight.shape;
  if (x.length !== inputs) throw new Error(`${x.length} numbers for ${inputs} inputs`);
  return Array.from({ length: outputs }, (_, j) =>
    x.reduce((sum, v, i) => sum + v * weight.data[i * outputs + j]!, bias?.data[j] ?? 0),
  );
}
