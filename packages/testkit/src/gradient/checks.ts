/** The conformance suite of a gradient method. */
import { reference } from '@node-ode/backend-reference';
import type { GradientMethod } from '@node-ode/core';
import type { Check } from '../support/check.ts';
import { precisionOf, type PerFloat } from '../support/precision.ts';
import { fehlberg } from '../support/fehlberg.ts';
import { eventChecks } from './events.ts';
import { linearChecks } from './linear.ts';
import { networkChecks } from './network.ts';
import { perSampleChecks } from './per-sample.ts';
import { secondOrderChecks } from './second-order.ts';
import type { GradientMethodSuiteOptions, GradientSubject } from './subject.ts';

export type { GradientMethodSuiteOptions } from './subject.ts';

/** Largest error of a gradient, relative and absolute together. In f32 300u: it is gradients for times that have most of it. */
const tolerances: PerFloat<number> = { f64: 1e-6, f32: 2e-5 };

/**
 * What every gradient method must do, as named checks without a test framework: gradients for y0, parameters and every
 * time against closed forms and central differences in f64, exact zeros, trees; derivatives along a direction, second order; with steps
 * for each sample those of each alone; of solves that end at an event, and across jumps.
 *
 * @example
 * for (const { name, run } of gradientMethodChecks(() => myMethod())) await run();
 */
export function gradientMethodChecks(
  make: () => GradientMethod,
  options: GradientMethodSuiteOptions = {},
): readonly Check[] {
  const precision = precisionOf(options.backend ?? reference());
  const { solver = fehlberg(), tolerance = tolerances[precision.dtype] } = options;
  const subject: GradientSubject = { ...precision, make, solver, tolerance };
  return [
    ...linearChecks(subject),
    ...networkChecks(subject),
    ...secondOrderChecks(subject),
    ...perSampleChecks(subject),
    ...eventChecks(subject),
  ];
}
