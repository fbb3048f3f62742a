/** How a product is computed: which kernel, on which operands as they are or packed, in tiles and blocks of which size. */
import type { DirectProduct } from './direct.ts';
import type { DotBlock } from './dot-product.ts';
import type { MatmulSpec } from './spec.ts';
import type { OuterBlock } from './outer-product.ts';
import { stripsBytes, type Strips } from './pack.ts';
import type { Tile } from './tile.ts';
import { range, vectorBytes, vectorsFor, vectorType, type VectorType } from './vector.ts';

/** A copy of B: in strips, from [k, n] as it is stored ('rows') or from its transposed form ('columns'). */
export interface Packing {
  readonly stored: 'rows' | 'columns';
  readonly strips: Strips;
}

/** A product in line. */
export interface DirectPlan {
  readonly kind: 'direct';
  readonly packing: Packing | undefined;
  readonly product: DirectProduct;
}

/** A product in blocks of rows, each computed into scratch memory by one call. */
export interface BlockPlan {
  readonly kind: 'blocks';
  readonly packing: Packing | undefined;
  /** Blocks are of Cᵀ = Bᵀ·Aᵀ: B is the left operand of the kernel, and the rows of C are the columns of the block. */
  readonly swapped: boolean;
  readonly blockRows: number;
  /** The block of so many rows of C. */
  readonly block: (rows: number) => OuterBlock | DotBlock;
  /** Bytes from A's part for one row of C to that for the next. */
  readonly rowOfA: number;
}

export type MatmulPlan = DirectPlan | BlockPlan;

/** Up to this k, each result is summed in line. */
const directK = 4;
/** Bytes of results that a block has at most, unless one tile is more. */
const blockBytes = 16384;
/** From so many rows on, transposing B costs less than summing over lanes. */
const rowsThatPayTransposing = 8;
/** From so many bytes of B, and so many rows, on, packing it costs less than reading it in strides. */
const bytesThatPayPacking = 16384;
const rowsThatPayPacking = 16;

export function planMatmul(spec: MatmulSpec): MatmulPlan {
  const type = vectorType(spec.dtype);
  const { m, n, k } = spec;
  // A matrix with one row or column is stored like its transposed form.
  const transposeA = spec.transposeA && m > 1 && k > 1;
  const transposeB = spec.transposeB && n > 1 && k > 1;
  const a = transposeA ? { row: type.bytes, k: m * type.bytes } : { row: k * type.bytes, k: type.bytes };
  const b = transposeB ? { column: k * type.bytes, k: type.bytes } : { column: type.bytes, k: n * type.bytes };

  if (k <= directK) {
    const strips = { k, n, width: vectorsFor(type, n) };
    const packing: Packing | undefined = transposeB ? { stored: 'columns', strips } : undefined;
    const right = { k: packing === undefined ? b.k : strips.width * vectorBytes };
    return { kind: 'direct', packing, product: { m, n, k, left: a, right } };
  }
  const rowOfA = a.row;
  const pitchOf = (elements: number): number => vectorsFor(type, elements) * vectorBytes;

  if (n < type.lanes && (transposeA || n === 1)) {
    // A is read along m or along k, and either way vectors of Cᵀ are what comes out.
    const tile = transposeA ? outerTile(n, vectorsFor(type, m)) : dotTile(type, n, m);
    const unit = transposeA ? tile.columns * type.lanes : tile.columns;
    const blockRows = blockRowsOf(m, n * type.bytes, unit);
    const common = { rows: n, k, pitch: pitchOf(blockRows), tile };
    const block = (rows: number): OuterBlock | DotBlock =>
      transposeA
        ? {
            kernel: 'outer',
            ...common,
            vectors: vectorsFor(type, rows),
            left: { row: b.column, k: b.k },
            right: { k: a.k },
          }
        : { kernel: 'dot', ...common, columns: rows, left: { row: b.column }, right: { column: a.row } };
    return { kind: 'blocks', packing: undefined, swapped: true, blockRows, block, rowOfA };
  }
  const pitch = pitchOf(n);
  if (!transposeA && (n < type.lanes || (transposeB && m < rowsThatPayTransposing))) {
    const strips = { k: n, n: k, width: vectorsFor(type, k) };
    const packing: Packing | undefined = transposeB ? undefined : { stored: 'columns', strips };
    const tile = dotTile(type, m, n);
    const right = { column: packing === undefined ? b.column : strips.width * vectorBytes };
    const block = (rows: number): DotBlock => ({ kernel: 'dot', rows, columns: n, k, pitch, tile, left: a, right });
    return { kind: 'blocks', packing, swapped: false, blockRows: blockRowsOf(m, pitch, tile.rows), block, rowOfA };
  }
  const vectors = vectorsFor(type, n);
  const tile = outerTile(m, vectors);
  const pays = transposeB || (m >= rowsThatPayPacking && n * k * type.bytes >= bytesThatPayPacking);
  const packing: Packing | undefined = pays
    ? { stored: transposeB ? 'columns' : 'rows', strips: { k, n, width: tile.columns } }
    : undefined;
  const right = packing === undefined ? { k: b.k } : 'strips';
  const block = (rows: number): OuterBlock => ({ kernel: 'outer', rows, vectors, k, pitch, tile, left: a, right });
  return { kind: 'blocks', packing, swapped: false, blockRows: blockRowsOf(m, pitch, tile.rows), block, rowOfA };
}

export function packedBytes(spec: MatmulSpec, { packing }: MatmulPlan): number {
  return packing === undefined ? 0 : stripsBytes(vectorType(spec.dtype), packing.strips);
}

/** Bytes of the largest block's results. */
export function resultBytes(plan: BlockPlan): number {
  const { rows, pitch } = plan.block(plan.blockRows);
  return rows * pitch;
}

/** Blocks of about the same size, a multiple of `unit` rows, that have at most `blockBytes` of results. */
function blockRowsOf(m: number, bytesOfRow: number, unit: number): number {
  const most = Math.max(unit, Math.floor(blockBytes / bytesOfRow));
  const blocks = Math.ceil(m / most);
  return Math.min(m, Math.ceil(m / blocks / unit) * unit);
}

/** x86's and ARM's vector registers are 16 and 32; V8 keeps one of 16. */
const registers = 15;

/** Sums, and at each step one vector for each row and column, and a product on its way to its sum. */
const fits = ({ rows, columns }: Tile): boolean => rows * columns + rows + columns + 1 <= registers;

/**
 * Cycles of one step on a core with two multipliers, two adders, two loads and six instructions a cycle, where an addition takes three
 * cycles: the scale of the choice, not a prediction.
 */
const cycles = ({ rows, columns }: Tile): number =>
  Math.max(3, (rows * columns) / 2, (rows + columns) / 2, (2 * rows * columns + 2 * rows + columns + 2) / 6);

/** Cycles of one step for all tiles that cover a block. */
function cost(rows: number, columns: number, tile: Tile): number {
  const pieces = (count: number, size: number): readonly (readonly [size: number, times: number])[] => [
    [size, Math.floor(count / size)],
    [count % size, count % size > 0 ? 1 : 0],
  ];
  let sum = 0;
  for (const [r, many] of pieces(rows, tile.rows)) {
    for (const [c, times] of pieces(columns, tile.columns)) sum += many * times * cycles({ rows: r, columns: c });
  }
  return sum;
}

/** The tile that covers a block in the fewest cycles; the wider of equals. */
function cheapest(rows: number, columns: number, widths: readonly number[]): Tile {
  let best: Tile = { rows: 1, columns: 1 };
  for (const width of widths) {
    for (const height of range(registers).slice(1)) {
      const tile = { rows: Math.min(height, rows), columns: Math.min(width, columns) };
      if (fits(tile) && cost(rows, columns, tile) < cost(rows, columns, best)) best = tile;
    }
  }
  return best;
}

/** Columns in vectors. */
const outerTile = (rows: number, vectors: number): Tile => cheapest(rows, vectors, range(registers).slice(1));

/** Sums over lanes come out as a vector for each row, so a tile is as wide as a vector, or as the product is. */
const dotTile = (type: VectorType, rows: number, columns: number): Tile => cheapest(rows, columns, [type.lanes]);
