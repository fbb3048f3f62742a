/** The order of a solver, of its dense output and of its error estimate, measured. */
import { program } from '../support/program.ts';
import { check, demand, lazy, type Check } from '../support/check.ts';
import { elementsOf, largestDifference, logSlope } from '../support/numbers.ts';
import { scalar } from '../support/random-arrays.ts';
import { convergence, marcher } from './march.ts';
import type { SolverSubject } from './subject.ts';
import { coupledProblem, linearProblem, type TestProblem } from './test-problem.ts';
import type { Tensor } from '@node-ode/core';

/** How far a measured order may be from the claimed one. */
const allowance = 0.3;

/**
 * How far above: errors of a high order that are above rounding belong to steps so large that the next coefficient counts
 * too. Not by a whole order.
 */
const excessOf = (order: number): number => (order <= 5 ? allowance : 0.6);

export function orderChecks(subject: SolverSubject): readonly Check[] {
  const { make, backend } = subject;
  const measure = (problem: TestProblem) =>
    lazy(() => {
      const solver = make();
      return convergence(marcher(backend, solver, problem.f), problem, solver.order);
    });
  const [linear, coupled] = [linearProblem(), coupledProblem()];
  const [onLinear, onCoupled] = [measure(linear), measure(coupled)];
  const ofErrors = async (errors: typeof onLinear): Promise<number> => logSlope(await errors());
  const ofDense = async (errors: typeof onLinear): Promise<number> =>
    logSlope((await errors()).map(({ size, denseError }) => ({ size, error: denseError })));
  return [
    check(`has its order on ${linear.name}`, async () => {
      const { name, order } = make();
      const slope = await ofErrors(onLinear);
      demand(
        slope >= order - allowance && slope <= order + excessOf(order),
        name,
        `the error goes as h^${slope.toFixed(2)} on ${linear.name}`,
        {
          expected: `the order it claims, ${order}, at most ${allowance} below and ${excessOf(order)} above`,
          advice: 'Check the coefficients against their source, and `order`.',
        },
      );
    }),
    check('has its order on a non-linear system that depends on time', async () => {
      const { name, order } = make();
      const slope = await ofErrors(onCoupled);
      demand(slope >= order - allowance, name, `the error goes as h^${slope.toFixed(2)} on ${coupled.name}`, {
        expected: `at least ${order} − ${allowance}`,
        advice: 'Check the times of the stages: a wrong node cᵢ shows only where f depends on t.',
      });
    }),
    check('is accurate within a step', async () => {
      const { name, order } = make();
      const claimed = subject.denseOrder ?? Math.max(1, order - 1);
      for (const [problem, errors] of [[linear, onLinear] as const, [coupled, onCoupled] as const]) {
        const slope = await ofDense(errors);
        demand(
          slope >= claimed - allowance,
          `${name}.interpolate`,
          `the error goes as h^${slope.toFixed(2)} on ${problem.name}`,
          {
            expected: `at least ${claimed} − ${allowance}`,
            advice: 'Check the dense output, or say its order: testSolver(…, { denseOrder }).',
          },
        );
      }
    }),
    check('has an error estimate of its order', () => errorEstimateHasItsOrder(subject, coupled)),
    check('leads back when time is reversed', () => reverses(subject, coupled)),
  ];
}

/** |error| of one step goes as h^(errorOrder + 1), and is not zero. */
async function errorEstimateHasItsOrder({ make, backend }: SolverSubject, problem: TestProblem): Promise<void> {
  const solver = make();
  if (!solver.hasErrorEstimate) return;
  const errorOrder = solver.errorOrder ?? solver.order - 1;
  const estimate = program(backend, (inputs) => {
    const [t0, h, ...y0] = inputs as readonly [Tensor, Tensor, ...Tensor[]];
    const { state } = solver.init(problem.f, t0, y0);
    return solver.step(problem.f, t0, h, y0, state).error ?? [];
  });
  const points: { readonly size: number; readonly error: number }[] = [];
  for (let h = 0.4; h > 0.4 / 2 ** 10; h /= 2) {
    const { outputs } = await estimate([scalar(0.3), scalar(h), ...problem.y0]);
    const error = Math.max(...elementsOf(outputs).map(Math.abs));
    if (error < 1e-13) break;
    points.push({ size: h, error });
  }
  const asymptotic = points.slice(-4);
  const slope = logSlope(asymptotic);
  demand(asymptotic.length >= 2, `${solver.name}.step`, 'the error estimate vanishes', {
    expected: `an estimate that goes as h^${errorOrder + 1}`,
    advice: 'Without an estimate, say hasErrorEstimate: false and return no error.',
  });
  demand(
    Math.abs(slope - errorOrder - 1) <= 0.4,
    `${solver.name}.step`,
    `the error estimate goes as h^${slope.toFixed(2)}`,
    {
      expected: `h^${errorOrder + 1} ± 0.4, as errorOrder = ${errorOrder} says`,
      advice: 'Controllers choose the step by this exponent: check `errorOrder` and the error weights.',
    },
  );
}

/** Forward and back again: what is missing to y0 vanishes with the method's order. */
async function reverses({ make, backend }: SolverSubject, { f, t0, t1, y0 }: TestProblem): Promise<void> {
  const solver = make();
  const march = marcher(backend, solver, f);
  const start = elementsOf(y0);
  const points: { readonly size: number; readonly error: number }[] = [];
  for (let steps = 16; steps <= 4096 && points.length < 3; steps *= 2) {
    const h = (t1 - t0) / steps;
    const there = await march(t0, h, steps, y0);
    const back = await march(t1, -h, steps, there.y);
    const error = largestDifference(elementsOf(back.y), start);
    if (error < 1e-12) return; // nothing but rounding: the method is reversible, or better than its order
    if (error < 1e-2 || Number.isNaN(error) || steps >= 2048) points.push({ size: h, error });
  }
  const slope = logSlope(points);
  demand(
    slope >= solver.order - allowance,
    solver.name,
    `there and back misses y0 by a difference that goes as h^${slope.toFixed(2)}`,
    {
      expected: `at least h^${solver.order}`,
      advice: 'h is negative backwards in time: use it with its sign, in the interpolant too.',
    },
  );
}
