/** Vectors of f32 or f64 as the kernels use them, and loops with static counts. */
import { get, i32, op, shuffle } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';
import type { MemoryLaneOp, MemoryOp, PlainOp } from '../encoder/opcodes.ts';

/** Bytes of a vector. */
export const vectorBytes = 16;

/** The instructions on vectors of one dtype. */
export interface VectorType {
  readonly dtype: 'f32' | 'f64';
  readonly lanes: number;
  /** Bytes of an element. */
  readonly bytes: number;
  readonly add: PlainOp;
  readonly mul: PlainOp;
  readonly loadSplat: MemoryOp;
  /** Loads one element; the other lanes are zero. */
  readonly loadOne: MemoryOp;
  readonly loadLane: MemoryLaneOp;
  readonly storeLane: MemoryLaneOp;
}

const types: Readonly<Record<'f32' | 'f64', VectorType>> = {
  f32: {
    dtype: 'f32',
    lanes: 4,
    bytes: 4,
    add: 'f32x4.add',
    mul: 'f32x4.mul',
    loadSplat: 'v128.load32_splat',
    loadOne: 'v128.load32_zero',
    loadLane: 'v128.load32_lane',
    storeLane: 'v128.store32_lane',
  },
  f64: {
    dtype: 'f64',
    lanes: 2,
    bytes: 8,
    add: 'f64x2.add',
    mul: 'f64x2.mul',
    loadSplat: 'v128.load64_splat',
    loadOne: 'v128.load64_zero',
    loadLane: 'v128.load64_lane',
    storeLane: 'v128.store64_lane',
  },
};

export const vectorType = (dtype: 'f32' | 'f64'): VectorType => types[dtype];

/** How many vectors hold so many elements. */
export const vectorsFor = (type: VectorType, count: number): number => Math.ceil(count / type.lanes);

/** 0 … count − 1. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Adds a constant to an i32 variable. */
export function advance(f: FunctionBuilder, local: Local, by: number): void {
  f.get(local).i32(by).op('i32.add').set(local);
}

/** Runs `body` a static number of times; without a loop if that is once. */
export function repeat(f: FunctionBuilder, count: number, body: () => void): void {
  if (count === 0) return;
  if (count === 1) {
    body();
    return;
  }
  const remaining = f.keep('i32', i32(count));
  f.loop((again) => {
    body();
    f.get(remaining).i32(1).op('i32.sub').tee(remaining).branchIf(again);
  });
}

/** Loads the first `count` lanes and nothing beyond them; the others are zero. */
export function loadPart(type: VectorType, address: Local, offset: number, count: number): Code {
  return (f) => {
    if (count === type.lanes) f.get(address).memory('v128.load', offset);
    else if (count === 1) f.get(address).memory(type.loadOne, offset);
    else {
      // of f32, two or three
      if (count === 3) f.get(address);
      f.get(address).memory('v128.load64_zero', offset);
      if (count === 3) f.memoryLane(type.loadLane, 2, offset + 2 * type.bytes);
    }
  };
}

/** Stores the first `count` lanes and nothing beyond them. */
export function storePart(f: FunctionBuilder, type: VectorType, address: Local, value: Local, count: number): void {
  f.get(address).get(value);
  if (count === type.lanes) f.memory('v128.store');
  else if (count === 1) f.memoryLane(type.storeLane, 0);
  else {
    f.memoryLane('v128.store64_lane', 0);
    if (count === 3)
      f.get(address)
        .get(value)
        .memoryLane(type.storeLane, 2, 2 * type.bytes);
  }
}

const lanesAsBytes = (width: number, lanes: readonly number[]): number[] =>
  lanes.flatMap((lane) => range(width).map((byte) => lane * width + byte));

// Interleavings of two vectors that have an x86 instruction each.
const low32 = lanesAsBytes(4, [0, 4, 1, 5]);
const high32 = lanesAsBytes(4, [2, 6, 3, 7]);
const low64 = lanesAsBytes(8, [0, 2]);
const high64 = lanesAsBytes(8, [1, 3]);

/** The sums over the lanes of 1 … `lanes` vectors: lane i of the result is that of vector i; lanes without one mean nothing. */
export function laneSums(f: FunctionBuilder, type: VectorType, vectors: readonly Local[]): Code {
  const vector = (i: number): Code => get(vectors[Math.min(i, vectors.length - 1)]!);
  const sumOf = ([low, high]: readonly [readonly number[], readonly number[]], a: Code, b: Code): Code =>
    op(type.add, shuffle(low, a, b), shuffle(high, a, b));
  if (type.lanes === 2) return sumOf([low64, high64], vector(0), vector(1));
  const first = f.keep('v128', sumOf([low32, high32], vector(0), vector(1)));
  const second = vectors.length > 2 ? f.keep('v128', sumOf([low32, high32], vector(2), vector(3))) : first;
  return sumOf([low64, high64], get(first), get(second));
}

/** Transposes as many vectors as a vector has lanes. */
export function transposed(f: FunctionBuilder, type: VectorType, rows: readonly Local[]): readonly Local[] {
  const pick = (indices: readonly number[], a: Local, b: Local): Local =>
    f.keep('v128', shuffle(indices, get(a), get(b)));
  if (type.lanes === 2) return [pick(low64, rows[0]!, rows[1]!), pick(high64, rows[0]!, rows[1]!)];
  const [a, b, c, d] = rows as readonly [Local, Local, Local, Local];
  const [ab01, cd01, ab23, cd23] = [pick(low32, a, b), pick(low32, c, d), pick(high32, a, b), pick(high32, c, d)];
  return [pick(low64, ab01, cd01), pick(high64, ab01, cd01), pick(low64, ab23, cd23), pick(high64, ab23, cd23)];
}
