/** The options of the interpolating adjoint. */
import type { OptionNames, Solver, StepController, Tolerance } from '@node-ode/core';

/** Options of the backward solve; what is not given is as in the forward one. */
export interface InterpolatingAdjointOptions {
  readonly solver?: Solver;
  readonly controller?: StepController;
  readonly rtol?: Tolerance;
  readonly atol?: Tolerance;
  readonly maxSteps?: number;
  /** Leaves the parameters' adjoint, a mere integral, out of the error norm (Kidger et al. 2021). False by default. */
  readonly seminorm?: boolean;
}

export const optionNames: OptionNames<InterpolatingAdjointOptions> = {
  solver: true,
  controller: true,
  rtol: true,
  atol: true,
  maxSteps: true,
  seminorm: true,
};
