/**
 * The decomposition of `linearSolve`: two loops over the columns, so that the graph does not grow with the matrix. A small
 * system is written out: engines that run a graph node by node take five times as long for the loops.
 */
import { scan } from '../control/loops.ts';
import { arange, concat, select } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { broadcastShapes } from './broadcast.ts';

/** Up to this size systems are written out. */
const small = 4;

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
  const { x, isRegular } = n <= small ? solveWrittenOut(augmented, n) : solveByLoops(augmented, n);
  return select(isRegular.reshape([...batch, 1, 1]), x, constant(NaN, [], b.dtype));
}

const batchAxes = (rank: number): readonly number[] => Array.from({ length: rank - 2 }, (_, axis) => axis);

/** The solutions of systems `[A | B]`, right where the flag of a system is set. */
interface Solved {
  readonly x: Tensor;
  readonly isRegular: Tensor;
}

function solveByLoops(augmented: Tensor, n: number): Solved {
  const { triangular, isRegular } = eliminate(augmented, n);
  return { x: substituteBack(triangular, n), isRegular };
}

const isPivotRegular = (size: Tensor): Tensor => size.greater(0).and(size.isFinite());

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
        isRegular: isRegular.and(isPivotRegular(largest)),
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

/** The same, column by column: each step leaves a smaller system to the next. */
function solveWrittenOut(augmented: Tensor, n: number): Solved {
  const upper: { readonly pivot: Tensor; readonly row: Tensor }[] = [];
  let rest = augmented;
  for (let height = n; height > 0; height--) {
    const { top, below } = height === 1 ? { top: rest, below: rest } : interchange(rest, height);
    const [pivot, row] = [part(top, all, first), part(top, all, others)];
    upper.unshift({ pivot, row });
    if (height > 1) rest = part(below, all, others).sub(part(below, all, first).div(pivot).mul(row));
  }
  let x: Tensor | undefined;
  for (const { pivot, row } of upper) {
    const known = x?.shape.at(-2) ?? 0;
    const right = part(row, all, [known, -1]);
    const solved = (x === undefined ? right : right.sub(part(row, all, [0, known]).matmul(x))).div(pivot);
    x = x === undefined ? solved : concat([solved, x], -2);
  }
  const batch = augmented.shape.slice(0, -2);
  const flags = upper.map(({ pivot }) => isPivotRegular(pivot.abs()).reshape(batch));
  return { x: x as Tensor, isRegular: flags.reduce((a, b) => a.and(b)) };
}

/** The row whose first element is largest, and the other rows with the first in its place. */
function interchange(rows: Tensor, height: number): { readonly top: Tensor; readonly below: Tensor } {
  const pivot = part(rows, all, first).abs().argMax(-2).expandDims(-1);
  const isPivot = arange(height).expandDims(-1).equal(pivot);
  return {
    top: select(isPivot, rows, 0).sum({ axes: -2, keepDims: true }),
    below: select(part(isPivot, others, all), part(rows, first, all), part(rows, others, all)),
  };
}

/** Start and extent of a slice; an extent of −1 is all that is left. */
type Range = readonly [start: number, extent: number];

const all: Range = [0, -1];
const first: Range = [0, 1];
const others: Range = [1, -1];

/** Rows and columns of matrices. */
function part(x: Tensor, [row, rows]: Range, [column, columns]: Range): Tensor {
  const batch = x.shape.slice(0, -2);
  return x.slice([...batch.map(() => 0), row, column], [...batch, rows, columns]);
}
