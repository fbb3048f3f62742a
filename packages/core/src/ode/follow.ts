/** Values that are assigned and differentiated as others. */
import { customVjp, type ReverseRule, type TangentRule } from '../control/custom-vjp.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** `value`, differentiated as if it were `source`. */
export function follow(value: Tensor, source: Tensor): Tensor {
  const reverse: ReverseRule = ({ cotangents: [ct] }) => [null, ct ?? null];
  const tangent: TangentRule = ({ tangents: [, moved] }) => [moved ?? null];
  return customVjp('follow', [value, source], ([v]) => [v as Tensor], reverse, tangent)[0] as Tensor;
}
