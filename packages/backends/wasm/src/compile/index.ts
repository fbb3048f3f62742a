/** The compiler: a lowered graph becomes one WebAssembly module. */
import type { CompositePrimitive } from '@node-ode/core';

export type { CodeModule, Plan } from './contract.ts';
export { planGraph } from './program.ts';

/** Composites that the compiler has code for. */
export const nativeComposites: readonly CompositePrimitive[] = [
  'mean',
  'softplus',
  'linearCombination',
  'errorNorm',
  'conv2dInputGrad',
  'conv2dKernelGrad',
  'maxPool2d',
  'maxPool2dGrad',
  'avgPool2d',
  'avgPool2dGrad',
  'linearSolve',
];
