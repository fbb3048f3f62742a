/** The rule of every primitive but control flow, in one total table. */
import type { LoweredPrimitive, StructuralPrimitive } from '@node-ode/core';
import { compositeRules, type Decomposed } from './composites.ts';
import type { Lowering } from './contract.ts';
import { elementwiseRules } from './elementwise.ts';
import { indexingRules } from './indexing.ts';
import { matmulRules } from './matmul.ts';
import { movementRules } from './movement.ts';
import { reductionRules } from './reduction.ts';

/** Primitives that are nodes, without subgraphs. */
export type PlainPrimitive = Exclude<LoweredPrimitive, StructuralPrimitive | Decomposed>;

export const rules: { readonly [P in PlainPrimitive]: Lowering<P> } = {
  ...elementwiseRules,
  ...movementRules,
  ...indexingRules,
  ...reductionRules,
  ...matmulRules,
  ...compositeRules,
};
