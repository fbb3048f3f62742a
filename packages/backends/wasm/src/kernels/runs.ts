/** Runs of contiguous bytes: copied, filled and added to with vectors, exact at their ends. */
import type { DType } from '@node-ode/core';
import { elementBytes, scalarType } from '../compile/types.ts';
import { get, load, op, splat } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { MemoryOp, PlainOp } from '../encoder/opcodes.ts';
import {
  addressOf,
  anchored,
  baseOf,
  forEachRow,
  placeOf,
  shifted,
  straightMoves,
  type Cursor,
  type Place,
} from './rows.ts';

/**
 * From this many bytes on, memory.copy and memory.fill are faster than a loop of vectors, although V8 calls a C function
 * for them (about 5 ns). Measured on Node 20, x64.
 */
const bulkBytes = 1024;

/** Bytes of a vector. */
const vectorBytes = 16;

/** The instructions that load and store one element. */
export const elementOps = {
  f32: { load: 'f32.load', store: 'f32.store', add: 'f32.add', addVectors: 'f32x4.add', lanes: 'f32x4' },
  f64: { load: 'f64.load', store: 'f64.store', add: 'f64.add', addVectors: 'f64x2.add', lanes: 'f64x2' },
  i32: { load: 'i32.load', store: 'i32.store', add: 'i32.add', addVectors: 'i32x4.add', lanes: 'i32x4' },
} as const;

export const loadFrom = (name: MemoryOp, { address, offset }: Place): Code => load(name, address, offset);

export function storeTo(f: FunctionBuilder, name: MemoryOp, { address, offset }: Place, value: Code): void {
  f.emit(address).emit(value).memory(name, offset);
}

/** About how many moves it takes to write a run. */
export const movesOf = (bytes: number): number => Math.min(Math.ceil(bytes / vectorBytes), straightMoves + 1);

/** Vectors that cover a run of at least one: the last one overlaps its neighbour where the run is no multiple of them. */
function forEachVector<const C extends readonly Place[]>(
  f: FunctionBuilder,
  bytes: number,
  starts: C,
  body: (...places: { readonly [K in keyof C]: Place }) => void,
): void {
  type Places = { readonly [K in keyof C]: Place };
  const cursors = starts.map((start) => ({ start, stride: vectorBytes }));
  forEachRow(f, { count: Math.floor(bytes / vectorBytes), cost: 1 }, cursors, (...places) => {
    body(...(places as Places));
  });
  if (bytes % vectorBytes !== 0) body(...(starts.map((start) => shifted(start, bytes - vectorBytes)) as Places));
}

/** Copies a run. Source and destination are the same or don't overlap; `bytes` is a multiple of 4. */
export function copyRun(f: FunctionBuilder, to: Place, from: Place, bytes: number): void {
  if (bytes >= bulkBytes) {
    f.emit(addressOf(to)).emit(addressOf(from)).i32(bytes).memoryCopy();
  } else if (bytes >= vectorBytes) {
    forEachVector(f, bytes, [to, from], (target, source) => {
      storeTo(f, 'v128.store', target, loadFrom('v128.load', source));
    });
  } else {
    const pairs = bytes & 8;
    if (pairs !== 0) storeTo(f, 'i64.store', to, loadFrom('i64.load', from));
    if (bytes > pairs) storeTo(f, 'i32.store', shifted(to, pairs), loadFrom('i32.load', shifted(from, pairs)));
  }
}

/** Copies `count` runs of `bytes` each. The destination's address is cheap; the source's is kept if it is needed again. */
export function copyRows(f: FunctionBuilder, count: number, to: Cursor, from: Cursor, bytes: number): void {
  if (count * bytes === 0) return;
  if (count > 1 && to.stride === bytes && from.stride === bytes) {
    copyRows(f, 1, to, from, count * bytes);
    return;
  }
  const cost = movesOf(bytes);
  const start = count === 1 && cost === 1 ? from.start : anchored(f, from.start);
  forEachRow(f, { count, cost }, [to, { start, stride: from.stride }], (target, source) => {
    copyRun(f, target, source, bytes);
  });
}

/** Writes a vector whose elements are all equal again and again. */
export function fillRun(f: FunctionBuilder, to: Place, vector: Local, bytes: number): void {
  if (bytes >= vectorBytes) {
    forEachVector(f, bytes, [to], (target) => {
      storeTo(f, 'v128.store', target, get(vector));
    });
    return;
  }
  const pairs = bytes & 8;
  if (pairs !== 0) f.emit(to.address).get(vector).memoryLane('v128.store64_lane', 0, to.offset);
  if (bytes > pairs)
    f.emit(to.address)
      .get(vector)
      .memoryLane('v128.store32_lane', 0, to.offset + pairs);
}

/** Fills a run with a number chosen before. */
export type Filler = (to: Place, bytes: number) => void;

/** The number is made once, here; the runs to fill may be in loops. */
export function filler(f: FunctionBuilder, dtype: DType, value: number): Filler {
  const number = dtype === 'bool' ? -Number(value !== 0) : value;
  const vector = f.keep('v128', splat(elementOps[scalarType(dtype)].lanes, number));
  const byte = repeatedByte(dtype, number);
  return (to, bytes) => {
    if (bytes >= bulkBytes && byte !== undefined) f.emit(addressOf(to)).i32(byte).i32(bytes).memoryFill();
    else fillRun(f, to, vector, bytes);
  };
}

/** The byte that all bytes of a number in memory are, if they are equal: what memory.fill can write. */
function repeatedByte(dtype: DType, value: number): number | undefined {
  if (Object.is(value, 0)) return 0;
  return scalarType(dtype) === 'i32' && (value | 0) === -1 ? 0xff : undefined;
}

/** What stands where there is no right answer: NaN, or 0 or false where there is none. Never a plausible number of a float. */
export const missing = (dtype: DType): number => (dtype === 'f32' || dtype === 'f64' ? NaN : 0);

/** Adds a run of elements to another. */
export function addRun(f: FunctionBuilder, dtype: DType, to: Place, from: Place, count: number): void {
  const { load: loadOp, store, add, addVectors } = elementOps[scalarType(dtype)];
  const [size, lanes] = [elementBytes(dtype), vectorBytes / elementBytes(dtype)];
  const vectors = Math.floor(count / lanes);
  const adding =
    (read: MemoryOp, write: MemoryOp, sum: PlainOp) =>
    (target: Place, source: Place): void => {
      storeTo(f, write, target, op(sum, loadFrom(read, target), loadFrom(read, source)));
    };
  const cursors = (offset: number, stride: number) =>
    [
      { start: shifted(to, offset), stride },
      { start: shifted(from, offset), stride },
    ] as const;
  forEachRow(f, { count: vectors, cost: 1 }, cursors(0, vectorBytes), adding('v128.load', 'v128.store', addVectors));
  forEachRow(f, { count: count % lanes, cost: 1 }, cursors(vectors * vectorBytes, size), adding(loadOp, store, add));
}

/**
 * Copies a tensor: short ones as vector moves, exact at the end; long ones by memory.copy, which costs a call. Source and
 * destination are the same or don't overlap; `bytes` is a multiple of 4, as it is of every tensor.
 *
 * @example
 * copyBytes(f, get(to), get(from), 12); // two moves: 8 and 4 bytes
 */
export function copyBytes(f: FunctionBuilder, destination: Code, source: Code, bytes: number): void {
  const [to, from] = [destination, source].map((address) => placeOf({ address })) as [Place, Place];
  const once = bytes >= bulkBytes || bytes === 4 || bytes === 8 || bytes === vectorBytes;
  if (bytes > 0) copyRun(f, once ? to : anchored(f, to), once ? from : anchored(f, from), bytes);
}

/**
 * Fills `count` elements of a dtype with a number. For bool, any number but 0 is true.
 *
 * @example
 * fillElements(f, get(to), 'f32', 1, 50);
 */
export function fillElements(f: FunctionBuilder, destination: Code, dtype: DType, value: number, count: number): void {
  if (count > 0) filler(f, dtype, value)(baseOf(f, { address: destination }), count * elementBytes(dtype));
}
