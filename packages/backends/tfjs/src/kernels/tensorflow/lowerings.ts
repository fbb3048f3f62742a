/** Lowerings that TensorFlow's library needs instead of those that all backends have. */
import { allFiniteInARow } from '../all-finite.ts';
import { Arithmetic, binary, unary } from '../arithmetic.ts';
import type { Lowerings } from '../contract.ts';
import { remainder } from '../special/division.ts';

export const tensorflowLowerings: Lowerings = {
  // Its Neg subtracts from 0, which makes 0 of 0; the product has the sign.
  neg: (builder, [x]) => {
    const a = new Arithmetic(builder);
    return x!.dtype === 'float32' ? a.mul(x!, a.number(-1, x!)) : unary(builder, 'Neg', x!);
  },
  // It has the remainder itself; that of integers divides, and the smallest one by −1 would stop the process.
  rem: (builder, [x, y]) =>
    x!.dtype === 'float32' ? binary(builder, 'NodeOdeTruncateMod', x!, y!) : remainder(new Arithmetic(builder), x!, y!),
  allFinite: allFiniteInARow,
};
