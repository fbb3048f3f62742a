/** Functions of one number, by our own kernels where there are any. */
import { unary, type Arithmetic } from '../arithmetic.ts';
import type { Register } from '../contract.ts';
import { erfName, roundName } from '../in-memory/functions.ts';

const ownOr =
  (own: string, kernel: string) =>
  ({ builder }: Arithmetic, x: Register): Register =>
    x.dtype === 'float32' && builder.has(own) ? builder.call(own, [x], {}, x) : unary(builder, kernel, x);

export const erf = ownOr(erfName, 'Erf');
export const round = ownOr(roundName, 'Round');
