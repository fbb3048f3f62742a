/** What a solve is made of, and what each can override. */
import { OptionError } from '../errors.ts';
import type { DType } from '../graph/dtype.ts';
import { requireKnownOptions, type OptionNames } from '../options.ts';
import type { SolveEvent } from './events.ts';
import type { GradientMethod } from './gradient-method.ts';
import type { Tolerance } from './pid.ts';
import type { Solver } from './solver.ts';
import type { StepController, ToleranceChanges } from './step-controller.ts';
import type { Times } from './times.ts';

/** What a solve can override. */
export interface SolveOptions {
  readonly rtol?: Tolerance;
  readonly atol?: Tolerance;
  readonly solver?: Solver;
  readonly controller?: StepController;
  readonly gradient?: GradientMethod;
  /** Largest number of steps tried, 10,000 by default. */
  readonly maxSteps?: number;
  /** Times that a step must land on. */
  readonly landAt?: Times;
  /**
   * Times at which f is discontinuous. A step that ends there evaluates f before them only, by one or two units in the last
   * place of t, and the next behind them only, from a fresh start. The times have no gradient of their own: one that moves
   * with a parameter is an event.
   */
  readonly jumpTimes?: Times;
  /**
   * Steps for each sample: the first axis of every leaf of the state is that of the samples, each of which has a time, a step
   * size and a status of its own, and ends as if it were solved alone. f is given times of shape [samples]. False by default.
   */
  readonly perSample?: boolean;
  /**
   * What a solve that fails does: makes the run throw a `SolveError`, or leaves NaN at the times that it did not reach, which
   * `stats.status` tells; with steps for each sample, of the samples that failed. 'throw' by default.
   */
  readonly onFailure?: 'throw' | 'nan';
}

/** Events of a solve: the first of them ends it. */
export interface EventOptions<Y> {
  readonly event: SolveEvent<Y> | readonly SolveEvent<Y>[];
}

const solveOptions: OptionNames<SolveOptions & EventOptions<unknown>> = {
  rtol: true,
  atol: true,
  solver: true,
  controller: true,
  gradient: true,
  maxSteps: true,
  landAt: true,
  jumpTimes: true,
  perSample: true,
  onFailure: true,
  event: true,
};

/** @throws OptionError for an option that a solve does not have. */
export function requireSolveOptions(operation: string, options: object): void {
  requireKnownOptions<object>(operation, options, solveOptions);
}

/** The parts of a solve. */
export interface OdeParts {
  readonly solver: Solver;
  readonly controller: StepController;
  readonly gradient: GradientMethod;
  readonly maxSteps: number;
  readonly dtype: DType;
  readonly perSample: boolean;
  readonly onFailure: 'throw' | 'nan';
}

/** The parts of a solve with these options. */
export function withOverrides(parts: OdeParts, options: SolveOptions): OdeParts {
  const maxSteps = requireMaxSteps('odeint', options.maxSteps ?? parts.maxSteps);
  const controller = withChanges(options.controller ?? parts.controller, { rtol: options.rtol, atol: options.atol });
  return {
    ...parts,
    perSample: options.perSample ?? parts.perSample,
    onFailure: requireOnFailure('odeint', options.onFailure ?? parts.onFailure),
    solver: options.solver ?? parts.solver,
    controller,
    gradient: options.gradient ?? parts.gradient,
    maxSteps,
  };
}

/** @throws OptionError for a controller that does not have what is changed. */
export function withChanges(controller: StepController, changes: ToleranceChanges): StepController {
  if (Object.values(changes).every((change) => change === undefined)) return controller;
  if (controller.withTolerances !== undefined) return controller.withTolerances(changes);
  throw new OptionError('odeint', `tolerances or a norm with controller '${controller.name}'`, {
    expected: 'a controller that has them',
    advice: 'Use pid() with an adaptive solver, or leave them out.',
  });
}

/** @throws OptionError if it is no number of steps. */
export function requireMaxSteps(operation: string, maxSteps: number): number {
  if (Number.isInteger(maxSteps) && maxSteps > 0) return maxSteps;
  throw new OptionError(operation, `maxSteps = ${maxSteps}`, { expected: 'a positive integer' });
}

/** @throws OptionError if the choice is none. */
export function requireOnFailure(operation: string, onFailure: 'throw' | 'nan'): 'throw' | 'nan' {
  if (['throw', 'nan'].includes(onFailure)) return onFailure;
  throw new OptionError(operation, `onFailure = ${String(onFailure)}`, { expected: "'throw' or 'nan'" });
}
