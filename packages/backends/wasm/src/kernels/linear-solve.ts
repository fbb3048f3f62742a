/** Small dense linear systems: Gaussian elimination with partial pivoting (Golub & Van Loan, Matrix Computations, 3.4). */
import { sizeOf, type Shape } from '@node-ode/core';
import { align, elementBytes } from '../compile/types.ts';
import { countTo, countUp, f32, f64, get, i32, load, op } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import { shared } from '../matmul/functions.ts';
import { vectorBytes, vectorType, type VectorType } from '../matmul/vector.ts';
import type { Kernel, Scratch } from './kernel.ts';
import { forEachRow, placeOf } from './rows.ts';
import { copyRows, elementOps, fillElements, loadFrom, storeTo } from './runs.ts';

/** A·X = B, or Aᵀ·X = B, of one matrix [n, n] and right-hand sides [n, m]. */
interface System {
  readonly type: VectorType;
  readonly n: number;
  readonly m: number;
  readonly transposeA: boolean;
}

/** Rows [A | B] of whole vectors each: bytes of a row of A, and of both. */
const pitchOf = ({ type, n, m }: System): { readonly matrix: number; readonly row: number } => {
  const matrix = align(n * type.bytes);
  return { matrix, row: matrix + align(m * type.bytes) };
};

const systemOf = (shape: Shape, dtype: string, transposeA: boolean): System => {
  const [n, m] = shape.slice(-2) as [number, number];
  return { type: vectorType(dtype === 'f64' ? 'f64' : 'f32'), n, m, transposeA };
};

export const linearSolveScratch: Scratch<'linearSolve'> = ({ transposeA }, _, { shape, dtype }) => {
  const system = systemOf(shape, dtype, transposeA);
  return system.n * pitchOf(system).row;
};

export const linearSolve: Kernel<'linearSolve'> = (f, { transposeA }, [a, b], x, scratch) => {
  const system = systemOf(x.shape, x.dtype, transposeA);
  const { type, n, m } = system;
  const solve = shared(f.module, `linearSolve.${type.dtype}.${n}x${m}`, [type.dtype, n, m, transposeA], 4, (g) => {
    solveSystem(g, system, { a: g.param(0), b: g.param(1), x: g.param(2), rows: g.param(3) });
  });
  const batch = x.shape.slice(0, -2);
  const strides = [a!, b!, x].map(({ shape }) => batchStrides(shape, batch, elementBytes(x.dtype)));
  const eachSystem = (axis: number, places: readonly Local[]): void => {
    if (axis === batch.length) {
      for (const place of places) f.get(place);
      f.emit(scratch).call(solve);
      return;
    }
    countTo(f, batch[axis]!, (index) => {
      const moved = places.map((place, i) =>
        f.keep('i32', op('i32.add', get(place), op('i32.mul', get(index), i32(strides[i]![axis]!)))),
      );
      eachSystem(axis + 1, moved);
    });
  };
  eachSystem(
    0,
    [a!, b!, x].map(({ address }) => f.keep('i32', address)),
  );
};

/** Bytes from one matrix to the next along each axis of the batch; 0 where a matrix is there for all. */
function batchStrides(shape: Shape, batch: Shape, bytes: number): readonly number[] {
  const missing = batch.length - (shape.length - 2);
  return batch.map((_, axis) => {
    const own = axis - missing;
    return own < 0 || shape[own] === 1 ? 0 : sizeOf(shape.slice(own + 1)) * bytes;
  });
}

type Places = Readonly<Record<'a' | 'b' | 'x' | 'rows', Local>>;

function solveSystem(f: FunctionBuilder, system: System, { a, b, x, rows }: Places): void {
  const { type, n, m, transposeA } = system;
  const { matrix, row } = pitchOf(system);
  const line = m * type.bytes;
  const right = placeOf({ address: op('i32.add', get(rows), i32(matrix)) });
  if (transposeA) copyTransposed(f, system, a, rows);
  else {
    const from = { start: placeOf({ address: get(a) }), stride: n * type.bytes };
    copyRows(f, n, { start: placeOf({ address: get(rows) }), stride: row }, from, n * type.bytes);
  }
  copyRows(f, n, { start: right, stride: row }, { start: placeOf({ address: get(b) }), stride: line }, line);
  f.block((singular) => {
    eliminate(f, system, rows, (isRegular) => {
      f.emit(isRegular).op('i32.eqz').branchIf(singular);
    });
    substituteBack(f, system, rows);
    copyRows(f, n, { start: placeOf({ address: get(x) }), stride: line }, { start: right, stride: row }, line);
    f.op('return');
  });
  fillElements(f, get(x), type.dtype, NaN, n * m);
}

function copyTransposed(f: FunctionBuilder, system: System, a: Local, rows: Local): void {
  const { type, n } = system;
  const { load: read, store } = elementOps[type.dtype];
  const columns = [
    { start: placeOf({ address: get(rows) }), stride: pitchOf(system).row },
    { start: placeOf({ address: get(a) }), stride: type.bytes },
  ] as const;
  forEachRow(f, { count: n, cost: n }, columns, (to, from) => {
    const elements = [
      { start: to, stride: type.bytes },
      { start: from, stride: n * type.bytes },
    ] as const;
    forEachRow(f, { count: n, cost: 1 }, elements, (target, source) => {
      storeTo(f, store, target, loadFrom(read, source));
    });
  });
}

/**
 * Rows [A | B] to [U | L⁻¹·P·B], with noise below the diagonal.
 *
 * @param demand takes, for each column, whether its pivot is neither zero nor infinite nor NaN
 */
function eliminate(f: FunctionBuilder, system: System, rows: Local, demand: (isRegular: Code) => void): void {
  const { type, n } = system;
  const { row } = pitchOf(system);
  const { dtype, bytes } = type;
  const [top, other, best] = [f.keep('i32', get(rows)), f.local('i32'), f.local('i32')];
  const [size, most, pivot] = [f.local(dtype), f.local(dtype), f.local(dtype)];
  const end = f.keep('i32', op('i32.add', get(rows), i32(n * row)));
  const lanes = dtype === 'f32' ? 'f32x4' : 'f64x2';
  const factor = f.local('v128');
  countTo(f, n, (k) => {
    const column = f.keep('i32', op('i32.mul', get(k), i32(bytes)));
    const elementOf = (at: Local): Code => load(`${dtype}.load`, op('i32.add', get(at), get(column)));
    const below: Code = op('i32.add', get(top), i32(row));
    // The first of the largest elements, or the first that is NaN.
    f.get(top).set(best);
    f.emit(op(`${dtype}.abs`, elementOf(top))).set(most);
    countUp(f, other, { start: below, end: get(end), step: row }, () => {
      f.emit(op(`${dtype}.abs`, elementOf(other))).set(size);
      const isLarger = op('i32.eqz', op(`${dtype}.le`, get(size), get(most)));
      f.emit(op('i32.and', isLarger, op(`${dtype}.eq`, get(most), get(most)))).if(() => {
        f.get(size).set(most).get(other).set(best);
      });
    });
    const number = dtype === 'f32' ? f32 : f64;
    demand(op('i32.and', op(`${dtype}.gt`, get(most), number(0)), op(`${dtype}.lt`, get(most), number(Infinity))));
    f.emit(op('i32.ne', get(best), get(top))).if(() => {
      swapRows(f, row, top, best);
    });
    f.emit(elementOf(top)).set(pivot);
    // From the vector with the pivot on: what is before it is not read again.
    const first = f.keep('i32', op('i32.and', get(column), i32(-vectorBytes)));
    countUp(f, other, { start: below, end: get(end), step: row }, () => {
      f.emit(op(`${lanes}.splat`, op(`${dtype}.div`, elementOf(other), get(pivot)))).set(factor);
      subtractRow(f, type, { row: other, other: top, factor, first: get(first), end: row });
    });
    f.emit(below).set(top);
  });
}

function swapRows(f: FunctionBuilder, bytes: number, a: Local, b: Local): void {
  const held = f.local('v128');
  const vectors = [
    { start: placeOf({ address: get(a) }), stride: vectorBytes },
    { start: placeOf({ address: get(b) }), stride: vectorBytes },
  ] as const;
  forEachRow(f, { count: bytes / vectorBytes, cost: 2 }, vectors, (p, q) => {
    f.emit(loadFrom('v128.load', p)).set(held);
    storeTo(f, 'v128.store', p, loadFrom('v128.load', q));
    storeTo(f, 'v128.store', q, get(held));
  });
}

/** row −= factor·other, from byte `first` to `end`. */
function subtractRow(
  f: FunctionBuilder,
  { dtype }: VectorType,
  {
    row,
    other,
    factor,
    first,
    end,
  }: {
    readonly row: Local;
    readonly other: Local;
    readonly factor: Local;
    readonly first: Code;
    readonly end: number;
  },
): void {
  const lanes = dtype === 'f32' ? 'f32x4' : 'f64x2';
  const at = f.local('i32');
  const vectorOf = (base: Local): Code => load('v128.load', op('i32.add', get(base), get(at)));
  countUp(f, at, { start: first, end: i32(end), step: vectorBytes }, () => {
    f.emit(op('i32.add', get(row), get(at)));
    f.emit(op(`${lanes}.sub`, vectorOf(row), op(`${lanes}.mul`, get(factor), vectorOf(other)))).memory('v128.store');
  });
}

/** Rows [U | Y] to [U | X], U·X = Y, from the last to the first. */
function substituteBack(f: FunctionBuilder, system: System, rows: Local): void {
  const { type, n } = system;
  const { matrix, row } = pitchOf(system);
  const { dtype, bytes } = type;
  const lanes = dtype === 'f32' ? 'f32x4' : 'f64x2';
  const end = f.keep('i32', op('i32.add', get(rows), i32(n * row)));
  const [other, element, at, factor] = [f.local('i32'), f.local('i32'), f.local('i32'), f.local('v128')];
  const place = (base: Local): Code => op('i32.add', get(base), get(at));
  countTo(f, n, (done) => {
    const top = f.keep('i32', op('i32.sub', get(end), op('i32.mul', op('i32.add', get(done), i32(1)), i32(row))));
    // The diagonal element, and behind it those that multiply the rows of X below.
    const k = op('i32.sub', i32(n - 1), get(done));
    const diagonal = f.keep('i32', op('i32.add', get(top), op('i32.mul', k, i32(bytes))));
    f.emit(op('i32.add', get(diagonal), i32(bytes))).set(element);
    countUp(f, other, { start: op('i32.add', get(top), i32(row)), end: get(end), step: row }, () => {
      f.emit(load(type.loadSplat, get(element))).set(factor);
      subtractRow(f, type, { row: top, other, factor, first: i32(matrix), end: row });
      f.emit(op('i32.add', get(element), i32(bytes))).set(element);
    });
    f.emit(load(type.loadSplat, get(diagonal))).set(factor);
    countUp(f, at, { start: i32(matrix), end: i32(row), step: vectorBytes }, () => {
      f.emit(place(top))
        .emit(op(`${lanes}.div`, load('v128.load', place(top)), get(factor)))
        .memory('v128.store');
    });
  });
}
