/** What a product is, and how its results are handed on. */
import type { Code, Local } from '../encoder/function.ts';

/** C[m, n] = A·B. A is stored as [m, k], or [k, m] if transposeA; B as [k, n], or [n, k] if transposeB; dense, row-major. */
export interface MatmulSpec {
  readonly dtype: 'f32' | 'f64';
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

export const isEmpty = ({ m, n }: MatmulSpec): boolean => m === 0 || n === 0;

/** Addresses of the matrices, and of scratch memory, a multiple of 16. */
export interface MatmulOperands {
  readonly a: Local;
  readonly b: Local;
  readonly scratch: Code;
}

/** Writes what becomes of a vector of results. */
export type Store = (result: ResultVector) => void;

/**
 * A vector of results: elements C[row, column … column + count − 1]; lanes from `count` on mean nothing. `count`, 1 … lanes,
 * is known when code is written; the others are i32 expressions.
 */
export interface ResultVector {
  readonly value: Local;
  readonly row: Code;
  readonly column: Code;
  readonly count: number;
}
