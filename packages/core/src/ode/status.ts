/** How a solve tells the host that it failed: a code among the reports, a typed error out of it. */
import { SolveError, type SolveFailure } from '../errors.ts';
import type { DType } from '../graph/dtype.ts';

/** Codes of the carry `status`; 0 is running or done. */
export const statusCode: Readonly<Record<SolveFailure, number>> = {
  maxSteps: 1,
  stepUnderflow: 2,
  nonFinite: 3,
  invalidTimes: 4,
  invalidTolerances: 5,
  notConverged: 6,
  invalidEvent: 7,
};

/** Names of the reports that the integrator makes. */
export const reports = {
  nfe: 'nfe',
  nfeBackward: 'nfe.backward',
  accepted: 'steps.accepted',
  rejected: 'steps.rejected',
  acceptedBackward: 'steps.accepted.backward',
  rejectedBackward: 'steps.rejected.backward',
} as const;

/** Name of the report of solves of a dtype: [code, t, h, steps tried], code 0 where nothing failed. */
export const failureReport = (dtype: DType): string => `solve.failure.${dtype}`;

/**
 * Name of the report of solves with steps for each sample: [code, t, h, steps tried] of the first sample that failed, its
 * index, and how many did.
 */
export const sampleFailureReport = (dtype: DType): string => `solve.failure.samples.${dtype}`;

const failureReports = (['f32', 'f64'] as const).flatMap((dtype) => [failureReport(dtype), sampleFailureReport(dtype)]);

/**
 * Whether a report tells of failed solves: a vector [code, t, h, steps tried, …], whose code is 0 where none failed.
 *
 * @example
 * isFailureReport('solve.failure.f32'); // true
 */
export const isFailureReport = (name: string): boolean => failureReports.includes(name);

/**
 * The first failure among the reports of a run; undefined if there is none.
 *
 * @example
 * failureOf({ 'solve.failure.f32': [1, 0.5, 1e-3, 10000] })?.reason; // 'maxSteps'
 */
export function failureOf(values: Readonly<Record<string, readonly number[]>>): SolveError | undefined {
  for (const name of failureReports) {
    const error = solveError(values[name] ?? []);
    if (error !== undefined) return error;
  }
  return undefined;
}

const number = (x: number): string => Number(x.toPrecision(6)).toString();

const explain: Readonly<Record<SolveFailure, (t: string, h: string, steps: number) => readonly [string, string]>> = {
  maxSteps: (t, h, steps) => [
    `the solve tried ${steps} steps, its largest number, and reached t = ${t} (last step ${h})`,
    'Increase maxSteps or the tolerances; if steps keep shrinking the problem may be stiff.',
  ],
  stepUnderflow: (t, h, steps) => [
    `the step became too small to change the time: ${h} at t = ${t}, after ${steps} steps`,
    'Look for a singularity or a discontinuity of f there, loosen the tolerances, or solve in f64 if this was f32.',
  ],
  nonFinite: (t, h, steps) => [
    `the state or its derivative is not finite near t = ${t} (step ${h}, after ${steps} steps)`,
    'Check f for divisions by zero, logarithms of negative numbers and overflow there, or take smaller steps.',
  ],
  invalidTimes: (t) => [
    `the times, or those to land on, are not finite or not strictly monotone in one direction, from t = ${t}`,
    'Sort them, increasing or decreasing, and remove repeated ones.',
  ],
  invalidTolerances: () => [
    'a tolerance that is an argument is negative or not finite',
    'Typical values are rtol 1e-3 … 1e-8, with atol the size below which the state is noise.',
  ],
  invalidEvent: (t) => [
    `an event function is NaN at t = ${t}`,
    'Its value must be a number on both sides of the event: check it for divisions by zero, roots and logarithms.',
  ],
  notConverged: (t, h, steps) => [
    `the iteration that solves an implicit step did not converge near t = ${t} (step ${h}, after ${steps} steps)`,
    'Take smaller steps, or let pid() choose them, and look for jumps of f there.',
  ],
};

/** The error that a failure report stands for; undefined if nothing failed. */
function solveError([code, t, h, steps, sample, failedSamples]: readonly number[]): SolveError | undefined {
  const reason = (Object.keys(statusCode) as SolveFailure[]).find((name) => statusCode[name] === code);
  if (reason === undefined) return undefined;
  const ofSample = sample === undefined || failedSamples === undefined ? {} : { sample, failedSamples };
  const failure = { reason, t: t ?? NaN, h: h ?? NaN, steps: steps ?? 0, ...ofSample };
  const [problem, advice] = explain[reason](number(failure.t), number(failure.h), failure.steps);
  return new SolveError(failure, `${subject(failure)}${problem}`, { advice });
}

/** Which samples failed, where samples have steps of their own. */
function subject({ sample, failedSamples = 1 }: { readonly sample?: number; readonly failedSamples?: number }): string {
  if (sample === undefined) return '';
  return failedSamples === 1 ? `sample ${sample}: ` : `${failedSamples} samples, the first of them ${sample}: `;
}
