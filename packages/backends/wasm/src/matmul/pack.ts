/** Copies of an operand in the order that a kernel reads it. */
import { get } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import { inPieces } from './tile.ts';
import { advance, range, repeat, transposed, vectorBytes, vectorsFor, type VectorType } from './vector.ts';

/** A matrix [k, n] cut into strips of columns, `width` vectors wide, the last one perhaps narrower, each contiguous. */
export interface Strips {
  readonly k: number;
  readonly n: number;
  readonly width: number;
  /** Elements from one row of the matrix that is packed to the next, as it is stored. */
  readonly pitch: number;
}

/** Bytes of the packed strips; lanes after the last column are there and mean nothing. */
export const stripsBytes = (type: VectorType, { k, n }: Strips): number => vectorsFor(type, n) * vectorBytes * k;

/** Packs strips from a matrix that is stored as [k, n]. */
export function packRows(
  f: FunctionBuilder,
  type: VectorType,
  { k, n, width, pitch }: Strips,
  source: Local,
  target: Local,
): void {
  const [row, to] = [f.local('i32'), f.keep('i32', get(target))];
  const strip = f.keep('i32', get(source));
  inPieces(f, vectorsFor(type, n), width, {
    piece: (vectors) => {
      f.get(strip).set(row);
      repeat(f, k, () => {
        for (const j of range(vectors)) {
          f.get(to)
            .get(row)
            .memory('v128.load', j * vectorBytes)
            .memory('v128.store', j * vectorBytes);
        }
        advance(f, row, pitch * type.bytes);
        advance(f, to, vectors * vectorBytes);
      });
    },
    next: () => {
      advance(f, strip, width * vectorBytes);
    },
  });
}

/** Packs strips from a matrix that is stored as [n, k]. */
export function packColumns(
  f: FunctionBuilder,
  type: VectorType,
  { k, n, width, pitch }: Strips,
  source: Local,
  target: Local,
): void {
  const [from, to] = [f.keep('i32', get(source)), f.keep('i32', get(target))];
  inPieces(f, n, width * type.lanes, {
    piece: (rows) => {
      const targetPitch = vectorsFor(type, rows) * vectorBytes;
      emitTransposition(f, type, { rows, columns: k, sourcePitch: pitch * type.bytes, targetPitch }, from, to);
    },
    next: () => {
      advance(f, from, width * type.lanes * pitch * type.bytes);
      advance(f, to, width * k * vectorBytes);
    },
  });
}

/** A matrix and the bytes from one row of it, and of its transposed copy, to the next; the copy's are whole vectors. */
export interface Transposition {
  readonly rows: number;
  readonly columns: number;
  readonly sourcePitch: number;
  readonly targetPitch: number;
}

/** Writes the transposed matrix, square by square. */
export function emitTransposition(
  f: FunctionBuilder,
  type: VectorType,
  { rows, columns, sourcePitch, targetPitch }: Transposition,
  source: Local,
  target: Local,
): void {
  const { lanes } = type;
  const [column, columnTarget] = [f.keep('i32', get(source)), f.keep('i32', get(target))];
  const [from, to] = [f.local('i32'), f.local('i32')];
  const square = range(lanes).map(() => f.local('v128'));
  inPieces(f, columns, lanes, {
    piece: (width) => {
      f.get(column).set(from).get(columnTarget).set(to);
      inPieces(f, rows, lanes, {
        piece: (height) => {
          const loaded = square.slice(0, height);
          for (const [i, vector] of loaded.entries())
            f.get(from)
              .memory('v128.load', i * sourcePitch)
              .set(vector);
          const filled = square.map((_, i) => loaded[Math.min(i, height - 1)]!);
          for (const [j, vector] of transposed(f, type, filled).slice(0, width).entries()) {
            f.get(to)
              .get(vector)
              .memory('v128.store', j * targetPitch);
          }
        },
        next: () => {
          advance(f, from, lanes * sourcePitch);
          advance(f, to, vectorBytes);
        },
      });
    },
    next: () => {
      advance(f, column, vectorBytes);
      advance(f, columnTarget, lanes * targetPitch);
    },
  });
}
