/** What values of the graph become in the model that is being written. */
import { formatType, UnsupportedError, type TensorType, type ValueType } from '@node-ode/core';
import { elementTypeOf, type Dim, type ValueInfo } from '../model/ir.ts';
import type { Operand } from './contract.ts';

/** A tape of the graph: a tensor whose first extent is the number of entries. */
export interface TapeOperand {
  readonly element: TensorType;
  readonly name: string;
}

/** What a value of the graph has become. */
export type Lowered = Operand | TapeOperand;

/** A name with the type of a tensor, or of a tape (whose length has a name of its own). */
export function infoOf(name: string, type: ValueType, leading: readonly Dim[] = []): ValueInfo {
  if (type.kind === 'tape') return infoOf(name, type.element, [`${name}_entries`]);
  return { name, elementType: elementTypeOf(type.dtype), dims: [...leading, ...type.shape] };
}

/** Whether a lowered value is a tape. */
export const isTapeOperand = (lowered: Lowered): lowered is TapeOperand => 'element' in lowered;

/** The value as a tensor. */
export function asOperand(lowered: Lowered | undefined, op: string): Operand {
  if (lowered !== undefined && !isTapeOperand(lowered)) return lowered;
  const problem =
    lowered === undefined ? 'an operand was not computed before' : `a tape of ${formatType(lowered.element)}`;
  throw new UnsupportedError(op, problem, { expected: 'a tensor' });
}
