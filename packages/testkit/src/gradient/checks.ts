/** The conformance suite of a gradient method. */
import { reference } from '@node-ode/backend-reference';
import type { GradientMethod } from '@node-ode/core';
import type { Check } from '../support/check.ts';
import { fehlberg } from '../support/fehlberg.ts';
import { eventChecks } from './events.ts';
import { linearChecks } from './linear.ts';
import { networkChecks } from './network.ts';
import { perSampleChecks } from './per-sample.ts';
import { secondOrderChecks } from './second-order.ts';
import type { GradientMethodSuiteOptions, GradientSubject } from './subject.ts';

export type { GradientMethodSuiteOptions } from './subject.ts';

/**
 * What every gradient method must do, as named checks without a test framework: gradients for y0, parameters and every
 * time against closed forms and central differences, exact zeros, trees; derivatives along a direction, second order; with steps
 * for each sample those of each alone; of solves that end at an event, and across jumps.
 *
 * @example
 * for (const { name, run } of gradientMethodChecks(() => myMethod())) await run();
 */
export function gradientMethodChecks(
  make: () => GradientMethod,
  options: GradientMethodSuiteOptions = {},
): readonly Check[] {
  const { backend = reference(), solver = fehlberg(), tolerance = 1e-6 } = options;
  const subject: GradientSubject = { make, backend, solver, tolerance };
  return [
    ...linearChecks(subject),
    ...networkChecks(subject),
    ...secondOrderChecks(subject),
    ...perSampleChecks(subject),
    ...eventChecks(subject),
  ];
}
