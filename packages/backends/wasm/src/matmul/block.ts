/** The kernels: a block of a product, tile by tile, into scratch memory. */
import { get } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import { inPieces, tileSums, type Tile } from './tile.ts';
import { advance, laneSums, range, vectorBytes, type VectorType } from './vector.ts';

interface BlockSize {
  readonly rows: number;
  readonly k: number;
  /** Bytes from one row of results to the next. */
  readonly pitch: number;
  /** Whether results are added to what is there: a product in parts along k. */
  readonly isAdded?: boolean;
}

/** Sums of outer products: vectors lie along the columns, elements of the left operand are splat. Strides are in bytes. */
export interface OuterBlock extends BlockSize {
  readonly kernel: 'outer';
  /** Columns, in vectors. */
  readonly vectors: number;
  /** Columns in vectors. */
  readonly tile: Tile;
  readonly left: { readonly row: number; readonly k: number };
  /** 'strips': columns are in contiguous strips of the tile's width, one after the other (see `pack.ts`). */
  readonly right: { readonly k: number } | 'strips';
}

/** Dot products: vectors lie along k, which is contiguous in both operands. Strides are in bytes. */
export interface DotBlock extends BlockSize {
  readonly kernel: 'dot';
  readonly columns: number;
  /** The columns are a multiple of a vector's lanes, or all there are. */
  readonly tile: Tile;
  readonly left: { readonly row: number };
  readonly right: { readonly column: number };
}

/** Addresses of the operands and the results. */
export interface BlockPlace {
  readonly left: Local;
  readonly right: Local;
  readonly out: Local;
}

/** What differs between the kernels. */
interface Kernel {
  /** Extent and tile's width in the kernel's unit of columns, and the bytes from one strip of that width to the next. */
  readonly columns: number;
  readonly rightStrip: number;
  readonly outStrip: number;
  readonly sums: (size: Tile, left: Local, right: Local) => readonly (readonly Local[])[];
  /** The vectors of results in a row of sums. */
  readonly results: (sums: readonly Local[]) => readonly Local[];
}

function outer(f: FunctionBuilder, type: VectorType, { vectors, k, tile, left, right }: OuterBlock): Kernel {
  const width = tile.columns * vectorBytes;
  return {
    columns: vectors,
    rightStrip: right === 'strips' ? width * k : width,
    outStrip: width,
    sums: (size, leftStart, rightStart) => {
      const step = right === 'strips' ? size.columns * vectorBytes : right.k;
      return tileSums(f, type, size, {
        left: { start: leftStart, load: type.loadSplat, between: left.row, step: left.k },
        right: { start: rightStart, load: 'v128.load', between: vectorBytes, step },
        steps: k,
        partial: 0,
      });
    },
    results: (sums) => sums,
  };
}

function dot(f: FunctionBuilder, type: VectorType, { columns, k, tile, left, right }: DotBlock): Kernel {
  return {
    columns,
    rightStrip: tile.columns * right.column,
    outStrip: Math.ceil(tile.columns / type.lanes) * vectorBytes,
    sums: (size, leftStart, rightStart) =>
      tileSums(f, type, size, {
        left: { start: leftStart, load: 'v128.load', between: left.row, step: vectorBytes },
        right: { start: rightStart, load: 'v128.load', between: right.column, step: vectorBytes },
        steps: Math.floor(k / type.lanes),
        partial: k % type.lanes,
      }),
    results: (sums) =>
      range(Math.ceil(sums.length / type.lanes)).map((i) =>
        f.keep('v128', laneSums(f, type, sums.slice(i * type.lanes, (i + 1) * type.lanes))),
      ),
  };
}

/** Writes the block's product to `out`, in rows of whole vectors. Strips of the right operand stay in the cache meanwhile. */
export function emitBlock(f: FunctionBuilder, type: VectorType, block: OuterBlock | DotBlock, at: BlockPlace): void {
  const { rows, pitch, tile, left, isAdded = false } = block;
  const kernel = block.kernel === 'outer' ? outer(f, type, block) : dot(f, type, block);
  const [strip, stripOut] = [f.keep('i32', get(at.right)), f.keep('i32', get(at.out))];
  const [panel, panelOut] = [f.local('i32'), f.local('i32')];

  const emitTile = (size: Tile): void => {
    for (const [i, sums] of kernel.sums(size, panel, strip).entries()) {
      for (const [j, vector] of kernel.results(sums).entries()) {
        const at = i * pitch + j * vectorBytes;
        f.get(panelOut);
        if (isAdded) f.get(panelOut).memory('v128.load', at);
        f.get(vector);
        if (isAdded) f.op(type.add);
        f.memory('v128.store', at);
      }
    }
  };

  inPieces(f, kernel.columns, tile.columns, {
    piece: (columns) => {
      f.get(at.left).set(panel).get(stripOut).set(panelOut);
      inPieces(f, rows, tile.rows, {
        piece: (some) => {
          emitTile({ rows: some, columns });
        },
        next: () => {
          advance(f, panel, tile.rows * left.row);
          advance(f, panelOut, tile.rows * pitch);
        },
      });
    },
    next: () => {
      advance(f, strip, kernel.rightStrip);
      advance(f, stripOut, kernel.outStrip);
    },
  });
}
