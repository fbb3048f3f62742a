/** Images without elements. */
import { sizeOf, type Primitive, type TensorType } from '@node-ode/core';
import type { Lowering } from '../contract.ts';
import { filled } from '../shaping.ts';

/** A rule for operands with elements. Without them there is nothing to sum, which the runtime's kernels refuse. */
export function unlessEmpty<P extends Primitive>(rule: Lowering<P>): Lowering<P> {
  return (emitter, node, operands) => {
    const { shape, dtype } = node.outputs[0]?.type as TensorType;
    const isEmpty = [shape, ...operands.map(({ type }) => type.shape)].some((extents) => sizeOf(extents) === 0);
    return isEmpty ? filled(emitter, 0, shape, dtype) : rule(emitter, node, operands);
  };
}
