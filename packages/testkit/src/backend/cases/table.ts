/** Cases for every primitive that computes: one total table, so that a primitive without cases is a compile error. */
import { elementwise } from './elementwise.ts';
import type { CasesOf, ComputingPrimitive } from './draw.ts';
import { images } from './images.ts';
import { linearSolve } from './linear-solve.ts';
import { movement } from './movement.ts';
import { reductions } from './reduction.ts';

export const primitiveCases: CasesOf<ComputingPrimitive> = {
  ...elementwise,
  ...movement,
  ...reductions,
  ...images,
  linearSolve,
};
