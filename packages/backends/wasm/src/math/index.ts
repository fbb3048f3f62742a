/** Vector functions: what the engine writes for the mathematical primitives. */
import { atan2 } from './arc-tangent.ts';
import { erf } from './erf.ts';
import { exp, expm1 } from './exponential.ts';
import { log, log1p } from './logarithm.ts';
import { pow } from './power.ts';
import { rem } from './remainder.ts';
import { sigmoid, softplus } from './sigmoid.ts';
import { tanh } from './tanh.ts';
import { cos, sin, tan } from './trigonometric.ts';
import type { VectorFunction, VectorFunction2 } from './types.ts';

export {
  inlineConstants,
  type Constants,
  type FloatLanes,
  type VectorFunction,
  type VectorFunction2,
} from './types.ts';

/** Functions of one number. */
export const unaryFunctions: Readonly<
  Record<
    'exp' | 'expm1' | 'log' | 'log1p' | 'sin' | 'cos' | 'tan' | 'tanh' | 'sigmoid' | 'softplus' | 'erf',
    VectorFunction
  >
> = { exp, expm1, log, log1p, sin, cos, tan, tanh, sigmoid, softplus, erf };

/** Functions of two numbers, in the order of their operands: pow(base, exponent), atan2(y, x), rem(dividend, divisor). */
export const binaryFunctions: Readonly<Record<'pow' | 'atan2' | 'rem', VectorFunction2>> = { pow, atan2, rem };
