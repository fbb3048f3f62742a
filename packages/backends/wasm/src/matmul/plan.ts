/** How a product is computed: which kernel, on which operands as they are or packed, in tiles and blocks of which size. */
import type { DotBlock, OuterBlock } from './block.ts';
import type { DirectProduct } from './direct.ts';
import { stripsBytes, type Strips } from './pack.ts';
import type { MatmulSpec } from './spec.ts';
import { dotTile, outerTile } from './tile-choice.ts';
import type { Tile } from './tile.ts';
import { vectorBytes, vectorsFor, vectorType, type VectorType } from './vector.ts';

/** A copy of an operand in strips, from the matrix as it is stored ('rows') or stored transposed ('columns'). */
export interface Packing {
  readonly stored: 'rows' | 'columns';
  readonly strips: Strips;
}

/** The copies that a product needs; an operand without one is read in place. */
export interface Packings {
  readonly a?: Packing | undefined;
  readonly b?: Packing | undefined;
}

/** A product in line. */
export interface DirectPlan {
  readonly kind: 'direct';
  readonly packings: Packings;
  readonly product: DirectProduct;
  readonly blockRows: number;
  readonly blockColumns: number;
  readonly rowOfA: number;
  readonly columnOfB: number;
}

/** A product in blocks, each computed into scratch memory by one call. */
export interface BlockPlan {
  readonly kind: 'blocks';
  readonly packings: Packings;
  /** Blocks are of Cᵀ = Bᵀ·Aᵀ: B is the left operand of the kernel, and the rows of C are the columns of the block. */
  readonly swapped: boolean;
  readonly blockRows: number;
  readonly blockColumns: number;
  /** The block of so many rows and columns of C. */
  readonly block: (rows: number, columns: number) => OuterBlock | DotBlock;
  /** Bytes from A's part for one row of C to that for the next. */
  readonly rowOfA: number;
  /** Bytes from B's part for one column of C to that for the next, where blocks begin. */
  readonly columnOfB: number;
}

export type MatmulPlan = DirectPlan | BlockPlan;

/** Up to this k, each result is summed in line. */
const directK = 8;
/** Blocks have as many rows as fit into so many bytes of results, but at least so many that strips of B are used often. */
const blockBytes = 16384;
const leastBlockRows = 32;
/** If there have to be several blocks, rows make them as long as each has so many: columns would have B, and A, read as often. */
const leastRowsOfSeveral = 16;
/** From so many bytes of B, and so many rows, on, packing it costs less than reading it in strides. */
const bytesThatPayPacking = 16384;
const rowsThatPayPacking = 16;
/** From so many steps, and so many columns, on, transposing A costs less than reading a line of cache at each step. */
const kThatPaysTransposing = 128;
const columnsThatPayTransposing = 128;

/** A product with strides in bytes; whether an operand is stored transposed matters only if it has rows and columns. */
interface Layout extends MatmulSpec {
  readonly type: VectorType;
  readonly leastBlocks: number;
  readonly a: { readonly row: number; readonly k: number };
  readonly b: { readonly column: number; readonly k: number };
}

function layoutOf(spec: MatmulSpec, leastBlocks: number): Layout {
  const { m, n, k } = spec;
  const type = vectorType(spec.dtype);
  const { bytes } = type;
  const transposeA = spec.transposeA && m > 1 && k > 1;
  const transposeB = spec.transposeB && n > 1 && k > 1;
  return {
    ...spec,
    leastBlocks,
    transposeA,
    transposeB,
    type,
    a: transposeA ? { row: bytes, k: m * bytes } : { row: k * bytes, k: bytes },
    b: transposeB ? { column: k * bytes, k: bytes } : { column: bytes, k: n * bytes },
  };
}

/**
 * The way that is fastest, by measurement (bench/matmul.mjs), for a product that has elements. It is cut into at least so many
 * blocks, if it is large enough; no element depends on how many there are.
 */
export function planMatmul(spec: MatmulSpec, leastBlocks = 1): MatmulPlan {
  const layout = layoutOf(spec, leastBlocks);
  const { m, n, k, type, transposeA, transposeB } = layout;
  if (k <= directK) return planDirect(layout);
  const narrow = n < type.lanes;
  if (narrow && transposeA) return planSwapped(layout, outerTile(n, vectorsFor(type, m)));
  if (n === 1) return planSwapped(layout, dotTile(type, n, m));
  // Dot products end in sums over lanes, for each row; what they spare is the transposing of B, once, for each k.
  const sumsCostLess = m <= k / 2;
  if (!transposeA && (narrow || (transposeB && sumsCostLess))) return planDot(layout);
  return planOuter(layout);
}

function planDirect({ m, n, k, type, a, b, transposeB, leastBlocks }: Layout): DirectPlan {
  const packings: Packings = transposeB ? { b: transposition(type, n, k) } : {};
  return {
    kind: 'direct',
    packings,
    product: { n, k, left: a, right: { k: transposeB ? pitchOf(type, n) : b.k } },
    blockRows: Math.ceil(m / leastBlocks),
    blockColumns: n,
    rowOfA: a.row,
    columnOfB: type.bytes,
  };
}

/** A is read along m or, by dot products, along k: either way Cᵀ, which is long, comes out in vectors, and C is too narrow to. */
function planSwapped({ m, n, k, type, a, b, transposeA, leastBlocks }: Layout, tile: Tile): BlockPlan {
  const unit = transposeA ? tile.columns * type.lanes : tile.columns;
  const blockRows = blockRowsOf(m, n * type.bytes, unit, leastBlocks);
  const common = { rows: n, k, pitch: pitchOf(type, blockRows), tile };
  return {
    kind: 'blocks',
    packings: {},
    swapped: true,
    blockRows,
    blockColumns: n,
    block: (rows) =>
      transposeA
        ? {
            kernel: 'outer',
            ...common,
            vectors: vectorsFor(type, rows),
            left: { row: b.column, k: b.k },
            right: { k: a.k },
          }
        : { kernel: 'dot', ...common, columns: rows, left: { row: b.column }, right: { column: a.row } },
    rowOfA: a.row,
    columnOfB: b.column,
  };
}

function planDot(layout: Layout): BlockPlan {
  const { m, n, k, type, a, b, transposeB } = layout;
  const tile = dotTile(type, m, n);
  const right = { column: transposeB ? b.column : pitchOf(type, k) };
  return {
    kind: 'blocks',
    packings: transposeB ? {} : { b: transposition(type, k, n) },
    swapped: false,
    ...blockSizes(layout, tile.rows, tile.columns),
    block: (rows, columns) => {
      const pitch = pitchOf(type, columns);
      return { kernel: 'dot', rows, columns, k, pitch, tile, left: { row: a.row }, right };
    },
    rowOfA: a.row,
    columnOfB: right.column,
  };
}

function planOuter(layout: Layout): BlockPlan {
  const { m, n, k, type, a, b, transposeA, transposeB } = layout;
  const tile = outerTile(m, vectorsFor(type, n));
  const strips = { k, n, width: tile.columns, pitch: transposeB ? k : n };
  const packB = transposeB || (m >= rowsThatPayPacking && n * k * type.bytes >= bytesThatPayPacking);
  const packA = transposeA && k >= kThatPaysTransposing && n >= columnsThatPayTransposing;
  const left = packA ? { row: pitchOf(type, k), k: type.bytes } : a;
  const right = packB ? 'strips' : { k: b.k };
  return {
    kind: 'blocks',
    packings: {
      a: packA ? transposition(type, k, m) : undefined,
      b: packB ? { stored: transposeB ? 'columns' : 'rows', strips } : undefined,
    },
    swapped: false,
    ...blockSizes(layout, tile.rows, tile.columns * type.lanes),
    block: (rows, columns) => {
      const [vectors, pitch] = [vectorsFor(type, columns), pitchOf(type, columns)];
      return { kernel: 'outer', rows, vectors, k, pitch, tile, left, right };
    },
    rowOfA: left.row,
    columnOfB: packB ? k * type.bytes : b.column,
  };
}

/** Bytes of a row of whole vectors. */
const pitchOf = (type: VectorType, elements: number): number => vectorsFor(type, elements) * vectorBytes;

/** A copy of a [rows, columns] matrix, transposed, in rows of whole vectors. */
const transposition = (type: VectorType, rows: number, columns: number): Packing => ({
  stored: 'columns',
  strips: { k: columns, n: rows, width: vectorsFor(type, rows), pitch: columns },
});

/** Bytes of a copy; none without one. */
export function packedBytes(spec: MatmulSpec, packing: Packing | undefined): number {
  return packing === undefined ? 0 : stripsBytes(vectorType(spec.dtype), packing.strips);
}

/** Bytes of the largest block's results, where they are in memory before they are delivered. */
export function resultBytes(plan: MatmulPlan): number {
  if (plan.kind === 'direct') return 0;
  const { rows, pitch } = plan.block(plan.blockRows, plan.blockColumns);
  return rows * pitch;
}

/** Blocks whose rows and columns are multiples of a tile's. */
function blockSizes(
  { m, n, type, leastBlocks }: Layout,
  tileRows: number,
  tileColumns: number,
): Pick<BlockPlan, 'blockRows' | 'blockColumns'> {
  const blockRows = blockRowsOf(m, pitchOf(type, n), tileRows, leastBlocks);
  const columnBlocks = Math.ceil(leastBlocks / Math.ceil(m / blockRows));
  return { blockRows, blockColumns: pieceOf(n, columnBlocks, tileColumns) };
}

/** Blocks of about the same size, a multiple of `unit` rows. */
function blockRowsOf(m: number, bytesOfRow: number, unit: number, leastBlocks: number): number {
  const most = Math.max(leastBlockRows, Math.floor(blockBytes / bytesOfRow));
  const several = Math.min(leastBlocks, Math.floor(m / leastRowsOfSeveral));
  return pieceOf(m, Math.max(Math.ceil(m / most), several), unit);
}

/** The size of so many pieces of an extent: a multiple of `unit`, or all there is. */
export const pieceOf = (extent: number, pieces: number, unit: number): number =>
  Math.min(extent, Math.ceil(extent / pieces / unit) * unit);
