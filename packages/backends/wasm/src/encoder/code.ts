/** Expressions: instructions with their operands, so that formulas read as formulas. */
import type { Code, FunctionBuilder, Local } from './function.ts';
import type { Callable } from './module.ts';
import type { LaneOp, MemoryOp, PlainOp } from './opcodes.ts';

/**
 * An instruction applied to operands.
 *
 * @example
 * f.emit(op('f32x4.add', get(x), op('f32x4.mul', get(y), splat('f32x4', 2))));
 */
export const op =
  (name: PlainOp, ...operands: readonly Code[]): Code =>
  (f) => {
    for (const operand of operands) operand(f);
    f.op(name);
  };

/** The value of a variable. */
export const get =
  (local: Local): Code =>
  (f) => {
    f.get(local);
  };

export const i32 =
  (value: number): Code =>
  (f) => {
    f.i32(value);
  };

export const i64 =
  (value: bigint): Code =>
  (f) => {
    f.i64(value);
  };

export const f32 =
  (value: number): Code =>
  (f) => {
    f.f32(value);
  };

export const f64 =
  (value: number): Code =>
  (f) => {
    f.f64(value);
  };

/** Vectors of numbers: 4 or 2 lanes. */
export type Lanes = 'f32x4' | 'f64x2' | 'i32x4';

/** A vector constant with the same number in each lane. */
export function splat(lanes: Lanes, value: number): Code {
  const bytes = new Uint8Array(16);
  if (lanes === 'f32x4') new Float32Array(bytes.buffer).fill(value);
  else if (lanes === 'f64x2') new Float64Array(bytes.buffer).fill(value);
  else new Int32Array(bytes.buffer).fill(value);
  return (f) => {
    f.v128(bytes);
  };
}

/** A load from `address + offset`. */
export const load =
  (name: MemoryOp, address: Code, offset = 0): Code =>
  (f) => {
    address(f);
    f.memory(name, offset);
  };

/** One lane of a vector. */
export const extract =
  (name: LaneOp, lane: number, vector: Code): Code =>
  (f) => {
    vector(f);
    f.lane(name, lane);
  };

/** i8x16.shuffle of two vectors. */
export const shuffle =
  (indices: readonly number[], a: Code, b: Code): Code =>
  (f) => {
    a(f);
    b(f);
    f.shuffle(indices);
  };

/** A call of a function with one result. */
export const call =
  (callable: Callable, ...operands: readonly Code[]): Code =>
  (f) => {
    for (const operand of operands) operand(f);
    f.call(callable);
  };

/**
 * Counts an i32 variable from `start` by `step` while it is below `end` (unsigned).

 */
export function countUp(
  f: FunctionBuilder,
  counter: Local,
  { start, end, step }: { readonly start: Code; readonly end: Code; readonly step: number },
  body: () => void,
): void {
  f.emit(start).set(counter);
  f.block((done) => {
    f.emit(op('i32.ge_u', get(counter), end)).branchIf(done);
    f.loop((again) => {
      body();
      f.emit(op('i32.add', get(counter), i32(step))).tee(counter);
      f.emit(end).op('i32.lt_u').branchIf(again);
    });
  });
}

/** Counts a fresh i32 variable from 0 to `count` − 1, for a count that is known and not 0. */
export function countTo(f: FunctionBuilder, count: number, body: (counter: Local) => void): void {
  const counter = f.keep('i32', i32(0));
  f.loop((again) => {
    body(counter);
    f.emit(op('i32.add', get(counter), i32(1))).tee(counter);
    f.i32(count).op('i32.lt_u').branchIf(again);
  });
}
