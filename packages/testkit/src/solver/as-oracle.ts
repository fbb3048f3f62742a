/**
 * Steps in f32 held to the same steps in f64. An error of order 5 or 8 is rounding in f32 before it shows its order; but two
 * solves by the same steps differ by rounding alone, whatever the order. So where an engine has no f64 orders are measured on
 * the oracle, by the bounds of f64, and the engine's steps must be the oracle's to within their rounding.
 */
import type { FloatDType, HostArray } from '@node-ode/core';
import { demand } from '../support/check.ts';
import { castTree } from '../support/host-trees.ts';
import { elementsOf, largestDifference } from '../support/numbers.ts';
import { rounded, unitRoundoff, type Precision } from '../support/precision.ts';
import { marcher, type Marcher } from './march.ts';
import { stageError, type SolverSubject } from './subject.ts';
import type { TestProblem } from './test-problem.ts';

/** A problem in a dtype whose numbers are of another. */
export type Problems = (dtype: FloatDType, data?: FloatDType) => TestProblem;

/** The engine and the problem that order is measured on: f64, with the numbers that the engine under test has. */
export const measuredOn = ({ oracle, dtype }: Precision, problems: Problems) => ({
  on: { backend: oracle, dtype: 'f64' } as const,
  problem: problems('f64', dtype),
});

/**
 * How far a state may be from the oracle's after so many steps, relative to its largest element. A step rounds some ten
 * times, at most u each, and the roundings of many steps add up like a random walk: 16u + 4u·√steps.
 */
export const roundingAfter = (steps: number, subject: Pick<SolverSubject, 'dtype' | 'stiff'>): number =>
  (16 + 4 * Math.sqrt(steps)) * unitRoundoff[subject.dtype] * stageError(subject);

/** Marches of an engine and of its oracle over one problem. */
export interface Beside {
  readonly march: Marcher;
  readonly exact: Marcher;
  readonly problem: TestProblem;
}

/** The marches of a subject beside its oracle's; undefined where the engine is its own oracle. */
export function besideOracle(subject: SolverSubject, problems: Problems): Beside | undefined {
  const { make, backend, dtype } = subject;
  if (dtype === 'f64') return undefined;
  const { on, problem } = measuredOn(subject, problems);
  const solver = make();
  return {
    march: marcher({ backend, dtype }, solver, problems(dtype).f),
    exact: marcher(on, solver, problem.f),
    problem,
  };
}

/** @throws ConformanceError if elements are further from the oracle's than `bound` of the largest of them. */
export function demandNear(what: string, found: readonly number[], exact: readonly number[], bound: number): void {
  const scale = Math.max(...exact.map(Math.abs));
  const distance = largestDifference(found, exact) / scale;
  demand(
    distance <= bound,
    what,
    `it is off the same steps in f64 by ${distance.toExponential(1)} of its largest element`,
    {
      expected: `at most ${bound.toExponential(1)}: the two differ by rounding alone`,
      advice: 'Compute in the dtype of the state alone, with coefficients that are rounded once.',
    },
  );
}

/** Demands that the engine's steps of these numbers over a whole problem are the oracle's, and the values within the last. */
export async function demandStepsOfOracle(
  subject: SolverSubject,
  problems: Problems,
  counts: readonly number[],
): Promise<void> {
  const beside = besideOracle(subject, problems);
  if (beside === undefined) return;
  const { march, exact, problem } = beside;
  const { t0, t1, y0, name } = problem;
  for (const steps of counts) {
    const h = rounded((t1 - t0) / steps, subject.dtype);
    const wanted = await exact(t0, h, steps, y0);
    const found = await march(t0, h, steps, inDtype(y0, subject.dtype));
    const bound = roundingAfter(steps, subject);
    const what = `${subject.make().name}, ${steps} steps on ${name}`;
    demandNear(what, elementsOf(found.y), elementsOf(wanted.y), bound);
    found.dense.forEach((values, i) => {
      demandNear(`${what}, within the last of them`, values, wanted.dense[i] ?? [], bound);
    });
  }
}

/** The same numbers in another dtype. */
export const inDtype = (leaves: readonly HostArray[], dtype: FloatDType): readonly HostArray[] =>
  castTree(leaves, dtype);
