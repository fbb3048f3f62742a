/** The rule of every primitive but control flow, in one total table. */
import type { CompositePrimitive, LoweredPrimitive, StructuralPrimitive } from '@node-ode/core';
import { compositeRules } from './composites.ts';
import type { Lowering } from './contract.ts';
import { elementwiseRules } from './elementwise.ts';
import { convolutionRules } from './images/convolution.ts';
import { poolingRules } from './images/pooling.ts';
import { indexingRules } from './indexing.ts';
import { matmulRules } from './matmul.ts';
import { movementRules } from './movement.ts';
import { reductionRules } from './reduction.ts';

/** Composites with a rule of their own: those that are one or a few operators. Core decomposes the others. */
export const nativeComposites = [
  'mean',
  'softplus',
  'logSumExp',
  'softmax',
  'logSoftmax',
  'linearCombination',
  'errorNorm',
  'allFinite',
  'conv2dInputGrad',
  'conv2dKernelGrad',
  'maxPool2d',
  'avgPool2d',
] as const satisfies readonly CompositePrimitive[];

/** Primitives that are nodes, without subgraphs. */
export type PlainPrimitive =
  Exclude<LoweredPrimitive, StructuralPrimitive | CompositePrimitive> | (typeof nativeComposites)[number];

export const rules: { readonly [P in PlainPrimitive]: Lowering<P> } = {
  ...elementwiseRules,
  ...movementRules,
  ...indexingRules,
  ...reductionRules,
  ...matmulRules,
  ...compositeRules,
  ...convolutionRules,
  ...poolingRules,
};
