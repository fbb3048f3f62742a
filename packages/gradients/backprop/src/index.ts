/** Backpropagation through the solver's steps. */
import type { GradientMethod } from '@node-ode/core';

/**
 * Discretise, then optimise: the derivative of the steps that the solver made. Loops are differentiable, so the method is
 * the identity: the forward solve tapes the state of each accepted step, the reverse pass computes each step again and
 * pulls it back. Gradients are exact for the discrete solution; memory grows with the number of accepted steps.
 *
 * Step sizes are constants to the derivative, output times and t are not.
 *
 * @example
 * const ode = createOde({ backend: await wasm(), solver: dopri5(), gradient: backprop() });
 */
export const backprop = (): GradientMethod => ({
  name: 'backprop',
  perSample: true,
  handlesEvents: true,
  solve: (problem, integrate) => integrate(problem),
});
