/** The conformance suite of a solver. */
import { reference } from '@node-ode/backend-reference';
import type { Solver } from '@node-ode/core';
import type { Check } from '../support/check.ts';
import { precisionOf } from '../support/precision.ts';
import { dampingChecks } from './damping.ts';
import { denseChecks } from './dense.ts';
import { derivativeChecks } from './derivative.ts';
import { evaluationChecks } from './evaluations.ts';
import { eventChecks } from './events.ts';
import { orderChecks } from './order.ts';
import { perSampleChecks } from './per-sample.ts';
import { stepChecks } from './step.ts';
import type { SolverSubject, SolverSuiteOptions } from './subject.ts';
import { toleranceChecks } from './tolerance.ts';

export type { SolverSuiteOptions } from './subject.ts';

/**
 * What every solver must do, as named checks without a test framework: its order, of the solution, of its dense output and
 * of its error estimate; what a step returns; its evaluations; times for each sample; tolerances; derivatives; events.
 *
 * @example
 * for (const { name, run } of solverChecks(() => myMethod())) await run();
 */
export function solverChecks(make: () => Solver, options: SolverSuiteOptions = {}): readonly Check[] {
  const subject: SolverSubject = { ...options, ...precisionOf(options.backend ?? reference()), make };
  return [
    stepChecks,
    denseChecks,
    orderChecks,
    evaluationChecks,
    perSampleChecks,
    toleranceChecks,
    dampingChecks,
    derivativeChecks,
    eventChecks,
  ].flatMap((checks) => checks(subject));
}
