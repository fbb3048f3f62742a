/** A sum of planar functions, whose divergence costs no more than the sum itself. */
import type { Tensor } from '@node-ode/core';
import type { Motion } from './vector-field.ts';

/** M planar functions at one time; `weight` and `direction` are [M, D], `bias` is [M], `gate` is [M] or [samples, M]. */
export interface Planes {
  readonly weight: Tensor;
  readonly direction: Tensor;
  readonly bias: Tensor;
  /** What each function is multiplied by; 1 where it is left out. */
  readonly gate?: Tensor;
}

/**
 * f(z) = Σₙ gₙ·uₙ·tanh(wₙᵀz + bₙ), and tr(∂f/∂z) = Σₙ gₙ·tanh'(wₙᵀz + bₙ)·wₙᵀuₙ: two products of size samples × M × D
 * and one of samples × M, whatever the dimension's number of pullbacks would be.
 */
export function planarSum({ weight, direction, bias, gate }: Planes, z: Tensor): Motion {
  const gated = (x: Tensor): Tensor => (gate === undefined ? x : x.mul(gate));
  const hidden = z.matmul(weight, { transposeB: true }).add(bias).tanh();
  const slope = gated(hidden.square().neg().add(1));
  const alignment = weight.mul(direction).sum({ axes: [1], keepDims: true });
  return { velocity: gated(hidden).matmul(direction), divergence: slope.matmul(alignment).squeeze(1) };
}
