/** A value with the derivative of another. */
import { customVjp, type ReverseRule } from '../control/custom-vjp.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** `value`, differentiated as if it were `source`: a time that was assigned moves with the one that it came from. */
export function follow(value: Tensor, source: Tensor): Tensor {
  const rule: ReverseRule = ({ cotangents: [ct] }) => [null, ct ?? null];
  return customVjp('follow', [value, source], ([v]) => [v as Tensor], rule)[0] as Tensor;
}
