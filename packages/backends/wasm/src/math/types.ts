/** What a vector function is, and the vectors that it works on. */
import type { Code, FunctionBuilder, Local } from '../encoder/function.ts';

/** Vectors of floats: four of 32 bits or two of 64. */
export type FloatLanes = 'f32x4' | 'f64x2';

/**
 * Where a function gets its splat constants from: written in place, or a local that the caller sets before its loop.
 * The value of a float constant may be any pattern of bits that is not NaN.
 */
export type Constants = (lanes: FloatLanes | 'i32x4', value: number) => Code;

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
