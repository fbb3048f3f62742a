/** Whether an answer is right: its distance from a reference, in tolerances. */
import type { Problem } from './problem.ts';
import type { Answer } from './protocol.ts';

/** What errors are measured in. */
export type Tolerances = Pick<Problem, 'rtol' | 'atol'>;

/** max|a − e| / (atol + rtol·max|e|) of one array; NaN if lengths differ or a number is not one. */
function arrayError(actual: readonly number[], expected: readonly number[], { rtol, atol }: Tolerances): number {
  if (actual.length !== expected.length) return NaN;
  // Math.max keeps NaN.
  const largest = (of: (i: number) => number): number => expected.reduce((worst, _, i) => Math.max(worst, of(i)), 0);
  const size = largest((i) => Math.abs(expected[i] ?? NaN));
  return largest((i) => Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN))) / (atol + rtol * size);
}

/** The largest error of an answer's arrays, in tolerances; NaN if something is missing or not a number. */
export function errorOf(actual: Answer, expected: Answer, tolerances: Tolerances): number {
  const errors = Object.entries(expected).map(([name, values]) => arrayError(actual[name] ?? [], values, tolerances));
  return errors.some(Number.isNaN) ? NaN : Math.max(...errors);
}

/** The problem whose answer is the reference: in f64, at tolerances far below, gradients by backprop, steps of core's parts. */
export function referenceOf(problem: Problem): Problem {
  const { rtol, atol, task } = problem;
  if (task.kind === 'kernelCalls') return referenceOf({ ...problem, task: task.of });
  // Tolerances are part of what is asked for: norms are in units of them.
  if (task.kind === 'steps') return { ...problem, dtype: 'f64', task: { ...task, form: 'parts' } };
  const tighter = Math.max(1e-3, 1e-10 / Math.max(rtol, atol));
  return {
    ...problem,
    dtype: 'f64',
    rtol: rtol * tighter,
    atol: atol * tighter,
    maxSteps: 1_000_000,
    task: 'gradient' in task ? { ...task, gradient: 'backprop' } : task,
  };
}
