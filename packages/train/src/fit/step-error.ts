/** A training step that failed. */
import { NodeOdeError } from '@node-ode/core';

/** Says which step failed; `cause` is what it failed of, such as a `SolveError`. Nothing was changed by it. */
export class StepError extends NodeOdeError {
  /** The step, from 1. */
  readonly step: number;
  /** The state before it: parameters and optimiser state, on the host. */
  readonly state: unknown;

  constructor(failure: { readonly step: number; readonly state: unknown; readonly cause?: unknown }, problem: string) {
    super('STEP', 'fit', `step ${failure.step}: ${problem}`, {
      ...(failure.cause === undefined ? {} : { cause: failure.cause }),
      advice: 'Parameters and optimiser state are as they were before this step.',
    });
    this.step = failure.step;
    this.state = failure.state;
  }
}
