/** A third party's gradient method. */
import type { GradientMethod } from '@node-ode/core';

/** Backpropagation that holds about √n of the states of n steps, and computes the others again. */
export const squareRoot = (): GradientMethod => ({
  name: 'square-root',
  perSample: true,
  handlesEvents: true,
  solve: (problem, integrate) =>
    integrate(problem, { checkpoints: (maxSteps) => Math.max(4, Math.ceil(Math.sqrt(maxSteps))) }),
});
