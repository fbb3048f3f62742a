/** Blocks of a product as sums of outer products: vectors lie along the columns, elements of the left operand are splat. */
import { get } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import { inPieces, tileSums, type Tile } from './tile.ts';
import { advance, vectorBytes, type VectorType } from './vector.ts';

/** A block of a product, and where its operands' elements are, in bytes. */
export interface OuterBlock {
  readonly kernel: 'outer';
  readonly rows: number;
  /** Columns, in vectors. */
  readonly vectors: number;
  readonly k: number;
  /** Bytes from one row of results to the next. */
  readonly pitch: number;
  /** Rows, and columns in vectors. Columns are taken in strips of the tile's width. */
  readonly tile: Tile;
  readonly left: { readonly row: number; readonly k: number };
  /** 'strips': each strip of columns is contiguous, one after the other (see `pack.ts`). */
  readonly right: { readonly k: number } | 'strips';
}

/** Writes the block's product to `out`, in rows of vectors. */
export function emitOuterBlock(
  f: FunctionBuilder,
  type: VectorType,
  { rows, vectors, k, pitch, tile, left, right }: OuterBlock,
  at: { readonly left: Local; readonly right: Local; readonly out: Local },
): void {
  const [strip, stripOut] = [f.keep('i32', get(at.right)), f.keep('i32', get(at.out))];
  const [panel, panelOut] = [f.local('i32'), f.local('i32')];

  const emitTile = (size: Tile): void => {
    const sums = tileSums(f, type, size, {
      left: { start: panel, load: type.loadSplat, between: left.row, step: left.k },
      right: {
        start: strip,
        load: 'v128.load',
        between: vectorBytes,
        step: right === 'strips' ? size.columns * vectorBytes : right.k,
      },
      steps: k,
      partial: 0,
    });
    for (const [i, row] of sums.entries()) {
      for (const [j, sum] of row.entries())
        f.get(panelOut)
          .get(sum)
          .memory('v128.store', i * pitch + j * vectorBytes);
    }
  };

  inPieces(f, vectors, tile.columns, {
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
      advance(f, strip, tile.columns * vectorBytes * (right === 'strips' ? k : 1));
      advance(f, stripOut, tile.columns * vectorBytes);
    },
  });
}
