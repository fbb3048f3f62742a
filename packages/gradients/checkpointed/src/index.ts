/** Backpropagation through the solver's steps in bounded memory. */
import { OptionError, requireKnownOptions, type GradientMethod } from '@node-ode/core';

export interface CheckpointedOptions {
  /** The largest number of states that are held at a time, at least 4. By default 2·log₂ of the largest number of steps. */
  readonly checkpoints?: number;
}

/**
 * Discretise, then optimise, with binomial checkpoints (Griewank & Walther 2000, "Algorithm 799: revolve"). Gradients are
 * those of backprop, exact for the discrete solution; what backprop would find on its tape is computed again from the
 * nearest state that is held. A quarter of the states is a tape of the steps pulled back together, the others are
 * checkpoints, which the forward solve leaves and the reverse pass adds to.
 *
 * @throws OptionError if `checkpoints` is no integer of at least 4.
 * @example
 * const ode = createOde({ backend: await wasm(), solver: dopri5(), gradient: checkpointed({ checkpoints: 16 }) });
 */
export function checkpointed(options: CheckpointedOptions = {}): GradientMethod {
  requireKnownOptions('checkpointed', options, { checkpoints: true });
  const { checkpoints } = options;
  if (checkpoints !== undefined && !(Number.isInteger(checkpoints) && checkpoints >= fewest)) {
    throw new OptionError('checkpointed', `checkpoints = ${checkpoints}`, {
      expected: `an integer of at least ${fewest}`,
      advice: 'Leave it out for 2·log₂ of the largest number of steps.',
    });
  }
  return {
    name: 'checkpointed',
    perSample: true,
    handlesEvents: true,
    solve: (problem, integrate) => integrate(problem, { checkpoints: checkpoints ?? logarithmic }),
  };
}

const fewest = 4;

const logarithmic = (maxSteps: number): number => Math.max(fewest, 2 * Math.ceil(Math.log2(maxSteps)));
