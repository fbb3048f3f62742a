/** The matrix exponential of a small matrix on the host: exact solutions of y' = Ay at any time. */

type Matrix = readonly (readonly number[])[];

/** Terms of the Taylor series: with a norm of at most ½ the rest is below 2⁻⁶⁰. */
const terms = 18;

/**
 * e^{At} y0 by scaling and squaring of a Taylor series (Moler and Van Loan, "Nineteen dubious ways to compute the
 * exponential of a matrix, twenty-five years later", SIAM Review 45(1), 2003, method 3).
 *
 * @param matrix A, n rows of n numbers.
 * @param y0 n numbers.
 * @example
 * propagate([[0, 1], [-1, 0]], Math.PI / 2, [1, 0]); // about [0, -1]
 */
export function propagate(matrix: Matrix, t: number, y0: readonly number[]): number[] {
  const norm = Math.max(...matrix.map((row) => row.reduce((sum, x) => sum + Math.abs(x * t), 0)));
  const squarings = Math.max(0, Math.ceil(Math.log2(norm)) + 1);
  const scaled = matrix.map((row) => row.map((x) => (x * t) / 2 ** squarings));
  let exponential = taylor(scaled);
  for (let i = 0; i < squarings; i++) exponential = multiply(exponential, exponential);
  return exponential.map((row) => dot(row, y0));
}

/** I + X(I + X/2(I + X/3(…))) */
function taylor(x: Matrix): Matrix {
  const identity = x.map((row, i) => row.map((_, j) => (i === j ? 1 : 0)));
  let sum: Matrix = identity;
  for (let k = terms; k >= 1; k--) {
    sum = multiply(x, sum).map((row, i) => row.map((value, j) => value / k + (i === j ? 1 : 0)));
  }
  return sum;
}

function multiply(a: Matrix, b: Matrix): Matrix {
  const columns = b.map((_, j) => b.map((row) => row[j] ?? 0));
  return a.map((row) => columns.map((column) => dot(row, column)));
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
