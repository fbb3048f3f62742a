/** Blocks of a product as dot products: vectors lie along k, which is contiguous in both operands. */
import { get } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import { inPieces, tileSums, type Tile } from './tile.ts';
import { advance, laneSums, vectorBytes, type VectorType } from './vector.ts';

/** A block of a product, and where its operands' elements are, in bytes. */
export interface DotBlock {
  readonly kernel: 'dot';
  readonly rows: number;
  readonly columns: number;
  readonly k: number;
  /** Bytes from one row of results to the next. */
  readonly pitch: number;
  /** At most as many columns as a vector has lanes. */
  readonly tile: Tile;
  /** From a row of the left operand to the next, and from what a column of the product is made of to the next. */
  readonly left: { readonly row: number };
  readonly right: { readonly column: number };
}

/** Writes the block's product to `out`, in rows of whole vectors. */
export function emitDotBlock(
  f: FunctionBuilder,
  type: VectorType,
  { rows, columns, k, pitch, tile, left, right }: DotBlock,
  at: { readonly left: Local; readonly right: Local; readonly out: Local },
): void {
  const [panel, panelOut] = [f.keep('i32', get(at.left)), f.keep('i32', get(at.out))];
  const [strip, stripOut] = [f.local('i32'), f.local('i32')];

  const emitTile = (size: Tile): void => {
    const sums = tileSums(f, type, size, {
      left: { start: panel, load: 'v128.load', between: left.row, step: vectorBytes },
      right: { start: strip, load: 'v128.load', between: right.column, step: vectorBytes },
      steps: Math.floor(k / type.lanes),
      partial: k % type.lanes,
    });
    for (const [i, row] of sums.entries()) {
      const vector = f.keep('v128', laneSums(f, type, row));
      f.get(stripOut)
        .get(vector)
        .memory('v128.store', i * pitch);
    }
  };

  inPieces(f, rows, tile.rows, {
    piece: (some) => {
      f.get(at.right).set(strip).get(panelOut).set(stripOut);
      inPieces(f, columns, tile.columns, {
        piece: (width) => {
          emitTile({ rows: some, columns: width });
        },
        next: () => {
          advance(f, strip, tile.columns * right.column);
          advance(f, stripOut, vectorBytes);
        },
      });
    },
    next: () => {
      advance(f, panel, tile.rows * left.row);
      advance(f, panelOut, tile.rows * pitch);
    },
  });
}
