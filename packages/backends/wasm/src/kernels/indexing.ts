/** Kernels that find their way by indices: gather, scatterAdd, setRow. An index out of range gives no plausible number. */
import { sizeOf } from '@node-ode/core';
import { elementBytes } from '../compile/types.ts';
import { get, i32, op } from '../encoder/code.ts';
import type { FunctionBuilder, Local } from '../encoder/function.ts';
import type { Kernel } from './kernel.ts';
import { around, baseOf, forEachRow, placeOf, type Cursor, type Place } from './rows.ts';
import { addRun, copyRun, filler, loadFrom, missing, movesOf } from './runs.ts';

/** Elements of an index outside the axis are missing: NaN, 0 for i32, false for bool. */
export const gather: Kernel<'gather'> = (f, { axis }, [x, indices], output) => {
  const { outer, extent, inner } = around(x!.shape, axis);
  const run = inner * elementBytes(output.dtype);
  const walk = { outer, count: sizeOf(indices!.shape), indices: baseOf(f, indices!), plain: baseOf(f, output) };
  const fill = filler(f, output.dtype, missing(output.dtype));
  forEachIndexed(
    f,
    walk,
    { start: baseOf(f, x!), extent, run },
    (row, chosen) => {
      copyRun(f, row, chosen, run);
    },
    (row) => {
      fill(row, run);
    },
  );
};

/**
 * Zeros, and the updates added to them one after the other in their own precision. The whole result is missing if an index
 * is outside the axis: an update that went nowhere would show in no element of its own.
 */
export const scatterAdd: Kernel<'scatterAdd'> = (f, { axis, size }, [updates, indices], output) => {
  const { dtype } = output;
  const { outer, extent: count, inner } = around(updates!.shape, axis, indices!.shape.length);
  const run = inner * elementBytes(dtype);
  const to = baseOf(f, output);
  filler(f, dtype, 0)(to, outer * size * run);
  if (count === 0) return;
  const astray = f.keep('i32', i32(0));
  forEachIndexed(
    f,
    { outer, count, indices: baseOf(f, indices!), plain: baseOf(f, updates!) },
    { start: to, extent: size, run },
    (update, chosen) => {
      addRun(f, dtype, chosen, update, inner);
    },
    () => {
      f.i32(1).set(astray);
    },
  );
  f.get(astray).if(() => {
    filler(f, dtype, missing(dtype))(to, outer * size * run);
  });
};

/**
 * Replaces one row of the buffer, or several, where it is: `output` is the buffer. The whole of it is missing if an index is
 * outside: as in scatterAdd, the row that went nowhere has no element to show it.
 */
export const setRow: Kernel<'setRow'> = (f, _, [, index, row], output) => {
  const { extent, inner } = around(output.shape, 0);
  const run = inner * elementBytes(output.dtype);
  const start = baseOf(f, output);
  const missed = (): void => {
    filler(f, output.dtype, missing(output.dtype))(start, extent * run);
  };
  if (index!.shape.length > 0) {
    const rows = { outer: 1, count: index!.shape[0]!, indices: baseOf(f, index!), plain: baseOf(f, row!) };
    const astray = f.keep('i32', i32(0));
    forEachIndexed(
      f,
      rows,
      { start, extent, run },
      (given, chosen) => {
        copyRun(f, chosen, given, run);
      },
      () => {
        f.i32(1).set(astray);
      },
    );
    f.get(astray).if(missed);
    return;
  }
  choose(
    f,
    { start, extent, run },
    f.keep('i32', loadFrom('i32.load', placeOf(index!))),
    (chosen) => {
      copyRun(f, chosen, baseOf(f, row!), run);
    },
    missed,
  );
};

/** `extent` rows of `run` bytes each. */
interface Rows {
  readonly start: Place;
  readonly extent: number;
  readonly run: number;
}

/** In each of `outer` blocks: `count` rows of `plain`, one after the other, each with the row that its index chooses. */
function forEachIndexed(
  f: FunctionBuilder,
  walk: { readonly outer: number; readonly count: number; readonly indices: Place; readonly plain: Place },
  { start, extent, run }: Rows,
  found: (plain: Place, chosen: Place) => void,
  outside: (plain: Place) => void,
): void {
  const { outer, count, indices, plain } = walk;
  const cost = 2 * movesOf(run) + 1;
  const index = f.local('i32');
  const blocks: readonly [Cursor, Cursor] = [
    { start: plain, stride: count * run },
    { start, stride: extent * run },
  ];
  forEachRow(f, { count: outer, cost: count * cost }, blocks, (plainBlock, block) => {
    const rows: readonly [Cursor, Cursor] = [
      { start: plainBlock, stride: run },
      { start: indices, stride: elementBytes('i32') },
    ];
    forEachRow(f, { count, cost }, rows, (row, which) => {
      f.emit(loadFrom('i32.load', which)).set(index);
      choose(
        f,
        { start: block, extent, run },
        index,
        (chosen) => {
          found(row, chosen);
        },
        () => {
          outside(row);
        },
      );
    });
  });
}

/** The row of an index, if there is one. */
function choose(
  f: FunctionBuilder,
  { start, extent, run }: Rows,
  index: Local,
  found: (row: Place) => void,
  outside: () => void,
): void {
  // Unsigned, so that a negative index is a large one.
  f.emit(op('i32.lt_u', get(index), i32(extent))).if(() => {
    const chosen = f.keep('i32', op('i32.add', start.address, op('i32.mul', get(index), i32(run))));
    found({ address: get(chosen), offset: start.offset });
  }, outside);
}
