/** An adaptive solve keeps its tolerance, forwards and backwards in time. */
import { array, createOde, pid, type HostArray, type Tensor } from '@node-ode/core';
import { check, demand, type Check } from '../support/check.ts';
import { logSlope } from '../support/numbers.ts';
import type { PerFloat } from '../support/precision.ts';
import type { SolverSubject } from './subject.ts';
import { coupledProblem } from './test-problem.ts';

/** Global errors may be larger than the tolerance of each step by this factor on the coupled problem. */
const amplification = 100;

/** Below 3e-6, 50u, a step's error would be hidden by its rounding. */
const inSingle = [1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6];
const ofLowOrder: PerFloat<readonly number[]> = { f64: [1e-3, 1e-4, 1e-5, 1e-6], f32: inSingle };
const ofHighOrder: PerFloat<readonly number[]> = { f64: [1e-4, 1e-6, 1e-8, 1e-10], f32: inSingle };

/** Errors relative to the tolerance vary by ten from one to the next: much of the two and a half decades that f32 has. */
const leastSlope: PerFloat<number> = { f64: 0.6, f32: 0.5 };

export function toleranceChecks(subject: SolverSubject): readonly Check[] {
  return [
    check('keeps the tolerance of an adaptive solve', () => keepsTolerance(subject, 'forwards')),
    check('keeps the tolerance backwards in time', () => keepsTolerance(subject, 'backwards')),
  ];
}

async function keepsTolerance(
  { make, backend, dtype }: SolverSubject,
  direction: 'forwards' | 'backwards',
): Promise<void> {
  const solver = make();
  if (!solver.hasErrorEstimate || solver.needsUniformStep) return;
  const { f, t0, t1, y0, solution } = coupledProblem(dtype);
  const errorOrder = solver.errorOrder ?? solver.order - 1;
  const [from, to] = direction === 'forwards' ? [t0, t1] : [t1, t0];
  const start = split(solution(from), y0);
  const tolerances = (errorOrder < 3 ? ofLowOrder : ofHighOrder)[dtype];
  const points: { readonly size: number; readonly error: number }[] = [];
  for (const rtol of tolerances) {
    const ode = createOde({ backend, solver, controller: pid({ rtol, atol: rtol }), dtype, maxSteps: 100_000 });
    const { ys } = await ode.solve((t, y: readonly Tensor[]) => f(t, y), start, [from, to]);
    const found = ys.flatMap(({ data }) => Array.from(data.slice(data.length / 2)));
    const error = Math.max(...solution(to).map((e, i) => Math.abs(e - (found[i] ?? NaN)) / (1 + Math.abs(e))));
    demand(
      error <= amplification * rtol,
      `${solver.name} at rtol = atol = ${rtol}, ${direction}`,
      `the error is ${error}`,
      {
        expected: `at most ${amplification * rtol}`,
        advice: 'Check the error estimate: it is h·Σ(b − b̂)k, for the solution that is propagated.',
      },
    );
    points.push({ size: rtol, error });
  }
  const slope = logSlope(points);
  demand(slope >= leastSlope[dtype], `${solver.name}, ${direction}`, `the error goes as rtol^${slope.toFixed(2)}`, {
    expected: 'about rtol¹: a tighter tolerance gives a better solution',
  });
}

/** A flat list of elements as arrays like those of a state. */
function split(elements: readonly number[], like: readonly HostArray[]): readonly HostArray[] {
  let offset = 0;
  return like.map((leaf) => {
    const data = elements.slice(offset, offset + leaf.data.length);
    offset += leaf.data.length;
    return array(data, { shape: leaf.shape, dtype: leaf.dtype });
  });
}
