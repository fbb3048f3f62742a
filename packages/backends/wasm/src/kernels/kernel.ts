/** What a kernel is: the code of one primitive, written into a function. */
import type { DType, Primitive, PrimitiveParams, Shape } from '@node-ode/core';
import type { Code, FunctionBuilder } from '../encoder/function.ts';

/** A dense tensor in memory; `address` writes an i32. Scalars are in memory too. */
export interface Operand {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly address: Code;
}

/** A kernel in parts, which may be computed in any order and at the same time, with the same results. */
export interface SharedKernel {
  readonly parts: number;
  /** Scratch memory of one part while it is computed. */
  readonly ownBytes: number;
  /** Writes part `index`; `own` is the address of its scratch memory. */
  readonly emitPart: (
    f: FunctionBuilder,
    inputs: readonly Operand[],
    output: Operand,
    at: { readonly index: Code; readonly own: Code },
  ) => void;
}

/**
 * Writes code that computes a primitive from its inputs into its output, which overlaps none of them. `scratch` is the address
 * of as much memory as the kernel asked for, a multiple of 16.
 */
export type Kernel<P extends Primitive> = (
  f: FunctionBuilder,
  params: PrimitiveParams[P],
  inputs: readonly Operand[],
  output: Operand,
  scratch: Code,
) => void;

/** A tensor's type. */
export type TensorLike = Pick<Operand, 'shape' | 'dtype'>;

/** Bytes of scratch memory that the kernel of a primitive needs. */
export type Scratch<P extends Primitive> = (
  params: PrimitiveParams[P],
  inputs: readonly TensorLike[],
  output: TensorLike,
) => number;
