/** The innermost loop of every product: a tile of sums in registers. */
import { get, i32 } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { MemoryOp } from '../encoder/opcodes.ts';
import { advance, loadPart, range, repeat, vectorBytes, type VectorType } from './vector.ts';

/** A tile's extent: so many sums of the left operand's rows by so many of the right one's columns. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
}

/** The vectors that one side of a tile needs at each step: at `start` + i·`between` + step·`step`, in bytes. */
export interface Side {
  readonly start: Local;
  readonly load: MemoryOp;
  readonly between: number;
  readonly step: number;
}

/** Steps in one turn of the loop. */
const unroll = 4;

/**
 * Σ over the steps of left[i]·right[j], for each i and j of the tile. `partial` lanes of one more step are added, if any.
 *
 * Between the steps there is a branch out of the loop. One of them ends it; the others are there for V8, which moves the
 * arithmetic of a basic block behind its loads, and would keep the loads of all steps in registers that it does not have.
 */
export function tileSums(
  f: FunctionBuilder,
  type: VectorType,
  { rows, columns }: Tile,
  {
    left,
    right,
    steps,
    partial,
  }: { readonly left: Side; readonly right: Side; readonly steps: number; readonly partial: number },
): readonly (readonly Local[])[] {
  const sums = range(rows).map(() => range(columns).map(() => f.local('v128')));
  // All steps share these variables: what is assigned in a loop is carried by it.
  const rights = range(columns).map(() => f.local('v128'));
  const element = f.local('v128');
  const [a, b] = [f.keep('i32', get(left.start)), f.keep('i32', get(right.start))];

  const addProducts = (load: (side: Side, pointer: Local, i: number) => Code, first: boolean): void => {
    for (const [j, vector] of rights.entries()) f.emit(load(right, b, j)).set(vector);
    for (const [i, row] of sums.entries()) {
      f.emit(load(left, a, i)).set(element);
      for (const [j, sum] of row.entries()) {
        if (!first) f.get(sum);
        f.get(element).get(rights[j]!).op(type.mul);
        if (!first) f.op(type.add);
        f.set(sum);
      }
    }
  };
  const addStep = (u: number): void => {
    addProducts(
      ({ load, between, step }, pointer, i) =>
        (g) =>
          g.get(pointer).memory(load, i * between + u * step),
      false,
    );
  };

  if (partial > 0) {
    addProducts(({ between, step }, pointer, i) => loadPart(type, pointer, i * between + steps * step, partial), true);
  } else {
    for (const sum of sums.flat()) f.v128(new Uint8Array(vectorBytes)).set(sum);
  }
  if (steps <= 1) {
    for (const u of range(steps)) addStep(u);
    return sums;
  }
  const remaining = f.keep('i32', i32(steps));
  f.block((done) => {
    f.loop((again) => {
      for (const u of range(unroll)) {
        if (u > 0) f.get(remaining).i32(u).op('i32.eq').branchIf(done);
        addStep(u);
      }
      advance(f, a, unroll * left.step);
      advance(f, b, unroll * right.step);
      f.get(remaining).i32(unroll).op('i32.sub').tee(remaining).branchIf(again);
    });
  });
  return sums;
}

/** Covers `count` units with pieces of `size`, going on by `next` after each, and a smaller one at the end if need be. */
export function inPieces(
  f: FunctionBuilder,
  count: number,
  size: number,
  { piece, next }: { readonly piece: (size: number) => void; readonly next: () => void },
): void {
  repeat(f, Math.floor(count / size), () => {
    piece(size);
    next();
  });
  if (count % size > 0) piece(count % size);
}
