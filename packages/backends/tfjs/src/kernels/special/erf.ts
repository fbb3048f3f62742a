/** The error function. */
import { unary, type Arithmetic } from '../arithmetic.ts';
import type { Register } from '../contract.ts';

export const erf = (a: Arithmetic, x: Register): Register => unary(a.builder, 'Erf', x);
