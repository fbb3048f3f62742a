/** Products of matrices whose elements lie anywhere, in double precision: by blocks that stay in the cache, four lines of each at a time. */

/** A matrix in an array: the element of a row and a column is at `start` and what each of them is told to be away from there. */
export interface Matrix<A extends Float32Array | Float64Array> {
  readonly data: A;
  readonly start: number;
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

/** Adds left·right to a target. */
export interface Product {
  readonly left: Matrix<Float32Array>;
  readonly right: Matrix<Float32Array>;
  readonly target: Matrix<Float32Array | Float64Array>;
}

/** Elements of a block, as doubles a quarter of a megabyte: a core's own cache holds it beside what it is multiplied with. */
const blockSize = 2 ** 15;

/** The longer one of the axes that the right matrix has is gone through block by block, so that each element is laid out once. */
export function addProduct(product: Product): void {
  const { rows, columns } = product.right;
  if (columns.length >= rows.length) byColumns(product);
  else byRows(product);
}

/** A block of the right matrix's columns, and of the target's, at a time. */
function byColumns({ left, right, target }: Product): void {
  const [rows, inner, columns] = [left.rows.length, left.columns.length, right.columns.length];
  const most = blockExtent(rows + inner, columns);
  const a = panels(rows, inner);
  pack(left, left.rows, left.columns, a);
  const b = panels(most, inner);
  const sums = new Float64Array(whole(rows) * most);
  for (let from = 0; from < columns; from += most) {
    const to = Math.min(from + most, columns);
    pack(right, right.columns.subarray(from, to), right.rows, b);
    sums.fill(0);
    addTiles({ a, b, sums, inner, rows, columns: to - from });
    add(sums, target, target.columns.subarray(from, to));
  }
}

/** A block of what is summed over at a time. */
function byRows({ left, right, target }: Product): void {
  const [rows, inner, columns] = [left.rows.length, left.columns.length, right.columns.length];
  const most = blockExtent(rows + columns, inner);
  const [a, b] = [panels(rows, most), panels(columns, most)];
  const sums = new Float64Array(whole(rows) * whole(columns));
  for (let from = 0; from < inner; from += most) {
    const to = Math.min(from + most, inner);
    pack(left, left.rows, left.columns.subarray(from, to), a);
    pack(right, right.columns, right.rows.subarray(from, to), b);
    addTiles({ a, b, sums, inner: to - from, rows, columns });
  }
  add(sums, target, target.columns);
}

/** Lines of a panel, which are side by side. */
const lanes = 4;

/** A number of lines that fills panels. */
const whole = (lines: number): number => Math.ceil(lines / lanes) * lanes;

/** How much of an axis is in a block, whose other axis is this long. */
const blockExtent = (other: number, extent: number): number =>
  Math.min(whole(Math.ceil(blockSize / Math.max(1, other))), whole(extent));

const panels = (lines: number, positions: number): Float64Array => new Float64Array(whole(lines) * positions);

/** Lays lines of a matrix, its rows or its columns, out in panels. In the last one there may be lanes that nobody asks for. */
function pack({ data, start }: Matrix<Float32Array>, lines: Int32Array, along: Int32Array, to: Float64Array): void {
  for (let line = 0; line < lines.length; line++) {
    const lane = line % lanes;
    const first = (line - lane) * along.length + lane;
    const from = start + lines[line]!;
    for (let k = 0; k < along.length; k++) to[first + lanes * k] = data[from + along[k]!]!;
  }
}

/** Packed matrices of `rows` and `columns` lines, and what their product is added to. */
interface Tiles {
  readonly a: Float64Array;
  readonly b: Float64Array;
  /** Row by row, each as long as whole panels. */
  readonly sums: Float64Array;
  readonly inner: number;
  readonly rows: number;
  readonly columns: number;
}

function addTiles({ a, b, sums, inner, rows, columns }: Tiles): void {
  const width = whole(columns);
  for (let column = 0; column < columns; column += lanes) {
    for (let row = 0; row < rows; row += lanes) {
      addTile(a, row * inner, b, column * inner, inner, sums, row * width + column, width);
    }
  }
}

/** Four rows times four columns: sixteen sums at once, each element read for four of them. */
function addTile(
  a: Float64Array,
  fromA: number,
  b: Float64Array,
  fromB: number,
  inner: number,
  sums: Float64Array,
  at: number,
  width: number,
): void {
  let a0b0 = 0;
  let a0b1 = 0;
  let a0b2 = 0;
  let a0b3 = 0;
  let a1b0 = 0;
  let a1b1 = 0;
  let a1b2 = 0;
  let a1b3 = 0;
  let a2b0 = 0;
  let a2b1 = 0;
  let a2b2 = 0;
  let a2b3 = 0;
  let a3b0 = 0;
  let a3b1 = 0;
  let a3b2 = 0;
  let a3b3 = 0;
  for (let k = 0, i = fromA, j = fromB; k < inner; k++, i += lanes, j += lanes) {
    const a0 = a[i]!;
    const a1 = a[i + 1]!;
    const a2 = a[i + 2]!;
    const a3 = a[i + 3]!;
    const b0 = b[j]!;
    a0b0 += a0 * b0;
    a1b0 += a1 * b0;
    a2b0 += a2 * b0;
    a3b0 += a3 * b0;
    const b1 = b[j + 1]!;
    a0b1 += a0 * b1;
    a1b1 += a1 * b1;
    a2b1 += a2 * b1;
    a3b1 += a3 * b1;
    const b2 = b[j + 2]!;
    a0b2 += a0 * b2;
    a1b2 += a1 * b2;
    a2b2 += a2 * b2;
    a3b2 += a3 * b2;
    const b3 = b[j + 3]!;
    a0b3 += a0 * b3;
    a1b3 += a1 * b3;
    a2b3 += a2 * b3;
    a3b3 += a3 * b3;
  }
  addRow(sums, at, a0b0, a0b1, a0b2, a0b3);
  addRow(sums, at + width, a1b0, a1b1, a1b2, a1b3);
  addRow(sums, at + 2 * width, a2b0, a2b1, a2b2, a2b3);
  addRow(sums, at + 3 * width, a3b0, a3b1, a3b2, a3b3);
}

function addRow(sums: Float64Array, at: number, s0: number, s1: number, s2: number, s3: number): void {
  sums[at]! += s0;
  sums[at + 1]! += s1;
  sums[at + 2]! += s2;
  sums[at + 3]! += s3;
}

/** Adds sums to where the target has their rows and these columns. */
function add(sums: Float64Array, { data, start, rows }: Product['target'], columns: Int32Array): void {
  const width = whole(columns.length);
  for (let row = 0; row < rows.length; row++) {
    const to = start + rows[row]!;
    for (let column = 0; column < columns.length; column++) data[to + columns[column]!]! += sums[row * width + column]!;
  }
}
