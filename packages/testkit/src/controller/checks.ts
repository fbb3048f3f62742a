/** The conformance suite of a step-size controller. */
import { reference } from '@node-ode/backend-reference';
import type { StepController } from '@node-ode/core';
import type { Check } from '../support/check.ts';
import { precisionOf } from '../support/precision.ts';
import { decisionChecks } from './decisions.ts';
import { solveChecks } from './solves.ts';
import type { ControllerOptions, ControllerSubject, StepControllerSuiteOptions } from './subject.ts';

export type { ControllerOptions, StepControllerSuiteOptions } from './subject.ts';

/**
 * What every step-size controller must do, as named checks without a test framework. `make` is asked for controllers with
 * the tolerances and bounds of each check; a controller of constant steps ignores them.
 *
 * @example
 * for (const { run } of stepControllerChecks((options) => pid(options), { factors: [0.2, 10] })) await run();
 */
export function stepControllerChecks(
  make: (options: ControllerOptions) => StepController,
  options: StepControllerSuiteOptions = {},
): readonly Check[] {
  const subject: ControllerSubject = {
    make,
    ...precisionOf(options.backend ?? reference()),
    factors: options.factors ?? [0.01, 100],
  };
  return [...decisionChecks(subject), ...solveChecks(subject)];
}
