/** The error function. */
import { unary, type Arithmetic } from '../arithmetic.ts';
import type { Register } from '../contract.ts';
import { erfName } from '../in-memory/erf.ts';

/** erf x, by our own kernel where there is one. */
export function erf({ builder }: Arithmetic, x: Register): Register {
  if (builder.has(erfName)) return builder.call(erfName, [x], {}, x);
  return unary(builder, 'Erf', x);
}
