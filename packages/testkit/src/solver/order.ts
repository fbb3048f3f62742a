/** The order of a solver, of its dense output and of its error estimate, measured. */
import type { Solver, Tensor } from '@node-ode/core';
import { check, demand, lazy, type Check } from '../support/check.ts';
import { elementsOf, largestDifference, logSlope } from '../support/numbers.ts';
import { rounded, type Precision } from '../support/precision.ts';
import { program } from '../support/program.ts';
import { scalar } from '../support/random-arrays.ts';
import {
  besideOracle,
  demandNear,
  demandStepsOfOracle,
  inDtype,
  measuredOn,
  roundingAfter,
  type Problems,
} from './as-oracle.ts';
import { convergence, marcher, type MarchError } from './march.ts';
import type { SolverSubject } from './subject.ts';
import { coupledProblem, linearProblem, type TestProblem } from './test-problem.ts';

/** How far a measured order may be from the claimed one. */
const allowance = 0.3;

/**
 * How far above: errors of a high order that are above rounding belong to steps so large that the next coefficient counts
 * too. Not by a whole order.
 */
const excessOf = (order: number): number => (order <= 5 ? allowance : 0.6);

export function orderChecks(subject: SolverSubject): readonly Check[] {
  const { make } = subject;
  const measure = (problems: Problems) =>
    lazy(async () => {
      const solver = make();
      const { on, problem } = measuredOn(subject, problems);
      const errors = await convergence(marcher(on, solver, problem.f), problem, solver.order);
      await demandStepsOfOracle(subject, problems, countsOf(errors));
      return errors;
    });
  const [linear, coupled] = [linearProblem(subject.dtype), coupledProblem(subject.dtype)];
  const [onLinear, onCoupled] = [measure(linearProblem), measure(coupledProblem)];
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
    check('has an error estimate of its order', () => errorEstimateHasItsOrder(subject)),
    check('leads back when time is reversed', () => reverses(subject)),
  ];
}

/** The numbers of steps that are compared with the oracle's: the fewest, whose errors are the largest, and the most. */
const countsOf = (errors: readonly MarchError[]): readonly number[] =>
  errors.flatMap(({ steps }, i) => (i === 0 || i === errors.length - 1 ? [steps] : []));

/** |error| of one step goes as h^(errorOrder + 1), and is not zero. */
async function errorEstimateHasItsOrder(subject: SolverSubject): Promise<void> {
  const solver = subject.make();
  if (!solver.hasErrorEstimate) return;
  const errorOrder = solver.errorOrder ?? solver.order - 1;
  const { on, problem } = measuredOn(subject, coupledProblem);
  const estimate = estimator(on, solver, problem);
  const points: { readonly size: number; readonly error: number }[] = [];
  for (let h = 0.4; h > 0.4 / 2 ** 10; h /= 2) {
    const error = Math.max(...(await estimate(0.3, h)).map(Math.abs));
    if (error < 1e-13) break;
    points.push({ size: h, error });
  }
  const asymptotic = points.slice(-4);
  await estimatesAsOracle(subject, [0.4, 0.05]);
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

/** The error estimates of one step from (t, y0) by h. */
function estimator(
  { backend, dtype }: Pick<Precision, 'backend' | 'dtype'>,
  solver: Solver,
  { f, y0 }: TestProblem,
): (t: number, h: number) => Promise<readonly number[]> {
  const estimate = program(backend, (inputs) => {
    const [t0, h, ...y] = inputs as readonly [Tensor, Tensor, ...Tensor[]];
    const { state } = solver.init(f, t0, y);
    return solver.step(f, t0, h, y, state).error ?? [];
  });
  return async (t, h) => elementsOf((await estimate([scalar(t, dtype), scalar(h, dtype), ...y0])).outputs);
}

/** Estimates of large and small steps are the oracle's: differences of slopes, each rounded like a state. */
async function estimatesAsOracle(subject: SolverSubject, sizes: readonly number[]): Promise<void> {
  const { backend, dtype } = subject;
  if (dtype === 'f64') return;
  const solver = subject.make();
  const { on, problem } = measuredOn(subject, coupledProblem);
  const [estimate, exact] = [
    estimator({ backend, dtype }, solver, coupledProblem(dtype)),
    estimator(on, solver, problem),
  ];
  const scale = Math.max(...elementsOf(problem.y0).map(Math.abs));
  for (const size of sizes) {
    const h = rounded(size, dtype);
    const t = rounded(0.3, dtype);
    const distance = largestDifference(await estimate(t, h), await exact(t, h));
    const bound = h * scale * roundingAfter(1, subject);
    demand(
      distance <= bound,
      `${solver.name}.step`,
      `the error estimate with h = ${size} is off that in f64 by ${distance}`,
      {
        expected: `at most ${bound}: h times the rounding of the slopes`,
      },
    );
  }
}

/** Forward and back again: what is missing to y0 vanishes with the method's order. */
async function reverses(subject: SolverSubject): Promise<void> {
  const solver = subject.make();
  const { on, problem } = measuredOn(subject, coupledProblem);
  const { t0, t1, y0 } = problem;
  const march = marcher(on, solver, problem.f);
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
  await returnsAsOracle(subject, (t1 - t0) / (points[0]?.size ?? NaN));
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

/** There and back again by as many steps as the oracle. */
async function returnsAsOracle(subject: SolverSubject, steps: number): Promise<void> {
  const beside = besideOracle(subject, coupledProblem);
  if (beside === undefined) return;
  const { problem, march, exact } = beside;
  const { t0, t1, y0 } = problem;
  const h = (t1 - t0) / steps;
  const there = await march(t0, h, steps, inDtype(y0, subject.dtype));
  const found = await march(t1, -h, steps, there.y);
  const wanted = await exact(t1, -h, steps, (await exact(t0, h, steps, y0)).y);
  const what = `${subject.make().name}, ${steps} steps and back`;
  // What is lost on the way there is rounding of the state that the way back begins from: both count.
  demandNear(what, elementsOf(found.y), elementsOf(wanted.y), 2 * roundingAfter(2 * steps, subject));
}
