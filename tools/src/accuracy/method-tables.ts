/** The four gradient methods side by side: accuracy, evaluations and memory. */
import { reference } from '@node-ode/backend-reference';
import { createOde, SolveError, type GradientMethod, type Ode } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { checkpointed } from '@node-ode/gradient-checkpointed';
import { interpolatingAdjoint } from '@node-ode/gradient-interpolating-adjoint';
import { dopri5 } from '@node-ode/solver-dopri5';
import { contractingProblem, linearProblem, networkProblem, type GradientProblem } from './gradient-problems.ts';
import { gradientOf, relativeDistance, type Gradient } from './gradients.ts';
import { inTurn } from './in-turn.ts';
import { section, table, type Cell } from './markdown.ts';
import { smallTrainingStep } from './training.ts';

const methods: readonly (readonly [string, GradientMethod])[] = [
  ['backprop', backprop()],
  ['checkpointed, 8', checkpointed({ checkpoints: 8 })],
  ['checkpointed, 28', checkpointed({ checkpoints: 28 })],
  ['adjoint', adjoint()],
  ['interpolating adjoint', interpolatingAdjoint()],
];

const odeAt = (gradient: GradientMethod, tolerance: number): Ode =>
  createOde({
    backend: reference(),
    solver: dopri5(),
    gradient,
    rtol: tolerance,
    atol: tolerance,
    dtype: 'f64',
    maxSteps: 1_000_000,
  });

export async function methodsSection(): Promise<string> {
  const problems = [linearProblem(), networkProblem(), contractingProblem()];
  const rows = await inTurn(problems, async (problem) => {
    const exact = (await gradientOf(odeAt(backprop(), 1e-13), problem)).gradient;
    return (await inTurn([1e-4, 1e-7], (tolerance) => methodRows(problem, tolerance, exact))).flat();
  });
  return section(
    'Gradient methods side by side',
    'dopri5 in f64 at rtol = atol: the error of the gradient for y0, parameters and times, relative to its largest component (against backprop at 1e-13); evaluations forward and backward; peak live bytes and entries of the longest tape, as the reference engine counts them. "checkpointed, 8" holds 8 states. The contracting problem, y\' = −40·(y − p·cos t) − y³, can\'t be solved backwards: the adjoint fails on it, the interpolating adjoint does not solve for y again.',
    table(['problem', 'tolerance', 'method', 'error', 'NFE', 'NFE backward', 'peak bytes', 'tape'], rows.flat(), [
      'method',
    ]),
  );
}

async function methodRows(
  problem: GradientProblem,
  tolerance: number,
  exact: Gradient,
): Promise<readonly (readonly Cell[])[]> {
  return inTurn(methods, async ([name, method]) => {
    const head = [problem.name, tolerance.toExponential(), name];
    try {
      const { gradient, stats } = await gradientOf(odeAt(method, tolerance), problem);
      const { peakBytes = NaN, tapeEntries = NaN } = stats.counters ?? {};
      return [...head, relativeDistance(gradient, exact), stats.nfe, stats.nfeBackward, peakBytes, tapeEntries];
    } catch (error) {
      if (!(error instanceof SolveError)) throw error;
      return [...head, `fails: ${error.reason} at t = ${error.t.toPrecision(3)}`, '–', '–', '–', '–'];
    }
  });
}

export async function memorySection(): Promise<string> {
  const rows = await inTurn(methods, async ([name, method]) => {
    const costs = await inTurn([50, 500, 5000], (steps) => smallTrainingStep(dopri5(), method, steps));
    return [
      name,
      ...costs.flatMap(({ counters, nfeBackward }) => [
        counters?.peakBytes ?? NaN,
        counters?.tapeEntries ?? NaN,
        nfeBackward,
      ]),
    ];
  });
  return section(
    'Memory',
    'A training step of a network 2-16-2 on a batch of 20 in f32, dopri5 with 50, 500 and 5,000 steps of one size: peak live bytes and entries of the longest tape, as the reference engine counts them, and evaluations backward.',
    table(['method', ...[50, 500, 5000].flatMap((n) => [`${n}: bytes`, 'tape', 'NFE backward'])], rows),
  );
}
