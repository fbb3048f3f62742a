/** Vector functions: what the engine writes for the mathematical primitives. */
import { erf } from './erf.ts';
import { exp, expm1 } from './exponential.ts';
import { log, log1p } from './logarithm.ts';
import { sigmoid, softplus } from './sigmoid.ts';
import { tanh } from './tanh.ts';
import type { VectorFunction } from './types.ts';

export type { Constants, FloatLanes, VectorFunction, VectorFunction2 } from './types.ts';

/** Functions of one number. */
export const unaryFunctions = { exp, expm1, log, log1p, tanh, sigmoid, softplus, erf } satisfies Record<
  string,
  VectorFunction
>;
