/** Lowerings that TensorFlow's library needs instead of those that all backends have. */
import { Arithmetic, binary, unary } from '../arithmetic.ts';
import type { Lowerings } from '../contract.ts';

export const tensorflowLowerings: Lowerings = {
  // Its Neg subtracts from 0, which makes 0 of 0; the product has the sign.
  neg: (builder, [x]) => {
    const a = new Arithmetic(builder);
    return x!.dtype === 'float32' ? a.mul(x!, a.number(-1, x!)) : unary(builder, 'Neg', x!);
  },
  // It has the remainder itself.
  rem: (builder, [x, y]) => binary(builder, 'NodeOdeTruncateMod', x!, y!),
};
