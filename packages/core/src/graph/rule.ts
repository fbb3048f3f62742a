/** What says the types of an application's outputs: one for each primitive. */
import type { ValueType } from './graph.ts';
import type { Primitive, PrimitiveParams } from './primitives.ts';

/**
 * @param types the operands'
 * @param op the name of the operation in errors
 * @throws ShapeError or DTypeError if the operands do not fit.
 */
export type Rule<P extends Primitive> = (
  types: readonly ValueType[],
  params: PrimitiveParams[P],
  op: string,
) => readonly ValueType[];

/** A rule for each of several primitives. */
export type Rules<P extends Primitive> = { readonly [Q in P]: Rule<Q> };
