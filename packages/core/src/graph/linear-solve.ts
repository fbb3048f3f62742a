/** The decomposition of `linearSolve`: two loops over the columns, so that the graph does not grow with the matrix. */
import { scan } from '../control/loops.ts';
import { arange, concat, select } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { broadcastShapes } from './broadcast.ts';

/**
 * X where A·X = B, or Aᵀ·X = B: Gaussian elimination with partial pivoting, then back substitution (Golub & Van Loan,
 * Matrix Computations, 3.4). Where a pivot is zero or not finite the whole of that X is NaN.
 */
export function decomposeLinearSolve(a: Tensor, b: Tensor, transposeA: boolean): Tensor {
  const [n, m] = [b.shape.at(-2) ?? 0, b.shape.at(-1) ?? 0];
  const batch = broadcastShapes('linearSolve', a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (n === 0) return constant(0, [...batch, n, m], b.dtype);
  const matrix = transposeA ? a.transpose([...batchAxes(a.rank), a.rank - 1, a.rank - 2]) : a;
  const augmented = concat([matrix.broadcastTo([...batch, n, n]), b.broadcastTo([...batch, n, m])], -1);
  const { triangular, isRegular } = eliminate(augmented, n);
  const x = substituteBack(triangular, n);
  return select(isRegular.reshape([...batch, 1, 1]), x, constant(NaN, [], b.dtype));
}

const batchAxes = (rank: number): readonly number[] => Array.from({ length: rank - 2 }, (_, axis) => axis);

/** Rows `[A | B]` to `[U | L⁻¹·P·B]`: what is left below the diagonal of U is noise. */
function eliminate(augmented: Tensor, n: number): { readonly triangular: Tensor; readonly isRegular: Tensor } {
  const rows = arange(n);
  const batch = augmented.shape.slice(0, -2);
  const start = { triangular: augmented, isRegular: constant(true, batch) };
  const { carry } = scan(start, arange(n), ({ triangular, isRegular }, k) => {
    const candidates = select(rows.less(k), -1, triangular.gather(k, -1).abs());
    const largest = candidates.max({ axes: -1 });
    const isPivot = rows.equal(candidates.argMax(-1).expandDims(-1)).expandDims(-1);
    // Sums of one element and zeros: exact, and what other rows hold, be it not finite, does not take part.
    const pivotRow = select(isPivot, triangular, 0).sum({ axes: -2, keepDims: true });
    const topRow = triangular.gather(k, -2).expandDims(-2);
    const swapped = select(rows.equal(k).expandDims(-1), pivotRow, select(isPivot, topRow, triangular));
    const factors = swapped.gather(k, -1).expandDims(-1).div(pivotRow.gather(k, -1).expandDims(-1));
    const isBelow = rows.greater(k).expandDims(-1);
    return {
      carry: {
        triangular: select(isBelow, swapped.sub(factors.mul(pivotRow)), swapped),
        isRegular: isRegular.and(largest.greater(0)).and(largest.isFinite()),
      },
    };
  });
  return carry;
}

/** X from `[U | Y]`, U·X = Y, from the last row to the first. */
function substituteBack(triangular: Tensor, n: number): Tensor {
  const rows = arange(n).expandDims(-1);
  const shape = triangular.shape;
  const width = shape.at(-1) ?? 0;
  const lead = shape.slice(0, -2);
  const start = constant(0, [...lead, n, width - n], triangular.dtype);
  const { carry } = scan(
    start,
    arange(n),
    (x, k) => {
      const row = triangular.gather(k, -2).expandDims(-2);
      const columns = (from: number, size: number): Tensor =>
        row.slice([...lead.map(() => 0), 0, from], [...lead, 1, size]);
      const u = columns(0, n);
      // Rows of x that are not known yet are zero.
      const solved = columns(n, width - n)
        .sub(u.matmul(x))
        .div(u.gather(k, -1).expandDims(-1));
      return { carry: select(rows.equal(k), solved, x) };
    },
    { reverse: true },
  );
  return carry;
}
