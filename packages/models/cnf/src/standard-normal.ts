/** The base density of every flow: N(0, I). */
import type { Tensor } from '@node-ode/core';

/**
 * log N(z; 0, I) of each row: −½‖z‖² − ½·D·log 2π, from [..., D] to [...].
 *
 * @example
 * standardNormalLogProb(asTensor(array([[0, 0]]))); // [−log 2π]
 */
export function standardNormalLogProb(z: Tensor): Tensor {
  const dimension = z.shape.at(-1) ?? 0;
  return z
    .square()
    .sum({ axes: [z.rank - 1] })
    .mul(-0.5)
    .sub(0.5 * dimension * Math.log(2 * Math.PI));
}
