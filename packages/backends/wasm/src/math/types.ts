/** What a vector function is, and the vectors that it works on. */
import { splat } from '../encoder/code.ts';
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';

/** Vectors of floats: four of 32 bits or two of 64. */
export type FloatLanes = 'f32x4' | 'f64x2';

/**
 * Where a function gets its splat constants from: written in place, or a local that the caller sets before its loop.
 * The value of a float constant may be any pattern of bits that is not NaN.
 */
export type Constants = (lanes: FloatLanes | 'i32x4', value: number) => Code;

/**
 * Constants written where they are used: the choice. V8's optimising compiler moves them before the loop by itself, so locals
 * that the caller sets there are no faster, and loads from memory, which it has to leave in place, are slower by a fifth or more.
 */
export const inlineConstants: Constants = (lanes, value) => splat(lanes, value);

/** A function of one number, applied to each lane by itself. */
export interface VectorFunction {
  /** Writes instructions that compute the function of each lane; returns a local with the result. x is not changed. */
  readonly emit: (f: FunctionBuilder, lanes: FloatLanes, x: Local, constant: Constants) => Local;
  /** Whether the code is short enough to be written into each loop; else the engine makes one function of it and calls that. */
  readonly inline: Readonly<Record<FloatLanes, boolean>>;
}

/** A function of two numbers, applied to each pair of lanes by itself. */
export interface VectorFunction2 {
  /** Like {@link VectorFunction.emit}; neither x nor y is changed. */
  readonly emit: (f: FunctionBuilder, lanes: FloatLanes, x: Local, y: Local, constant: Constants) => Local;
  /** Like {@link VectorFunction.inline}. */
  readonly inline: Readonly<Record<FloatLanes, boolean>>;
}

/** For functions that a loop contains: a call would make their constants anew for each vector, and takes 1.2 to 2 times as long. */
export const inLoop: Readonly<Record<FloatLanes, boolean>> = { f32x4: true, f64x2: true };

/** For functions of more than 800 bytes, next to whose time that of a call is small. */
export const asFunction: Readonly<Record<FloatLanes, boolean>> = { f32x4: false, f64x2: false };
