/** Steps of one size, one after the other, in a loop of the engine: nothing but the solver's own `init` and `step`. */
import { call, flattenTree, isTensor, whileLoop } from '@node-ode/core';
import type { Backend, FloatDType, HostArray, LeafDynamics, Leaves, Solver, Tensor } from '@node-ode/core';
import { demand } from '../support/check.ts';
import { elementsOf } from '../support/numbers.ts';
import { program } from '../support/program.ts';
import { scalar } from '../support/random-arrays.ts';
import { signature } from '../support/signature.ts';
import { densified } from './dense.ts';
import type { TestProblem } from './test-problem.ts';

/** Positions within the last step at which its interpolant is evaluated. */
export const thetas = [0, 0.25, 0.5, 0.75, 1] as const;

/** Where `steps` steps of size `h` lead. */
export interface March {
  readonly t: number;
  /** The last state, leaf by leaf. */
  readonly y: readonly HostArray[];
  /** The state before the last step. */
  readonly previous: readonly HostArray[];
  /** The interpolant of the last step at each of `thetas`: all leaves' elements. */
  readonly dense: readonly (readonly number[])[];
  /** Executions of f as the engine counted them; undefined for an engine that does not count. */
  readonly executions: number | undefined;
  /** Function evaluations as the solver reported them. */
  readonly evaluations: number;
}

/** Takes `steps` ≥ 1 steps of signed size `h` from (t0, y0). */
export type Marcher = (t0: number, h: number, steps: number, y0: readonly HostArray[]) => Promise<March>;

/** @throws ConformanceError if a step does not give back a state of the structure and types that it was given. */
export function demandFixedState(name: string, before: unknown, after: unknown): void {
  const [given, returned] = [signature(`${name}.init: state`, before), signature(`${name}.step: state`, after)];
  demand(given === returned, `${name}.step`, `the state became { ${returned} }`, {
    expected: `{ ${given} }, as init gave it`,
    advice: 'A state is carried through loops, so its structure, shapes and dtypes never change.',
  });
}

/** A march of `solver` over `f`, on an engine in a dtype, compiled once for all sizes and numbers of steps. */
export function marcher(
  on: { readonly backend: Backend; readonly dtype: FloatDType },
  solver: Solver,
  f: LeafDynamics,
): Marcher {
  const { backend, dtype } = on;
  const run = program(backend, (inputs) => {
    const [t0, h, steps, ...y0] = inputs as readonly [Tensor, Tensor, Tensor, ...Tensor[]];
    const dynamics = call('dynamics', (t: Tensor, y: Leaves) => f(t, y));
    const start = solver.init(dynamics, t0, y0);
    const timeOf = (i: Tensor): Tensor => t0.add(h.mul(i.cast(dtype)));
    const count = (n: number | Tensor): Tensor => (typeof n === 'number' ? steps.mul(0).add(n) : n.cast('i32'));
    const { carry } = whileLoop(
      { i: steps.mul(0), y: y0 as Leaves, state: start.state, evaluations: count(start.evaluations) },
      ({ i }) => i.less(steps.sub(1)),
      ({ i, y, state, evaluations }) => {
        const next = solver.step(dynamics, timeOf(i), h, y, state);
        demandFixedState(solver.name, state, next.state);
        const total = evaluations.add(count(next.evaluations));
        return { carry: { i: i.add(1), y: next.y, state: next.state, evaluations: total } };
      },
    );
    const last = solver.step(dynamics, timeOf(carry.i), h, carry.y, carry.state);
    const within = densified(solver, dynamics, timeOf(carry.i), last.interpolant);
    const dense = thetas.map((theta) => solver.interpolate(within.interpolant, t0.mul(0).add(theta)));
    // The last state takes part in the results: nothing that the step evaluated is dead code.
    const { leaves: kept } = flattenTree(solver.name, last.state, isTensor);
    const made = carry.evaluations.add(count(last.evaluations)).add(count(within.evaluations));
    return [made, ...last.y, ...carry.y, ...dense.flat(), ...kept];
  });
  return async (t0, h, steps, y0) => {
    const { outputs, counters } = await run([scalar(t0, dtype), scalar(h, dtype), scalar(steps, 'i32'), ...y0]);
    const [evaluations, ...arrays] = outputs as [HostArray, ...HostArray[]];
    const groups = Array.from({ length: 2 + thetas.length }, (_, i) =>
      arrays.slice(i * y0.length, (i + 1) * y0.length),
    );
    const [y = [], previous = [], ...dense] = groups;
    return {
      t: t0 + h * steps,
      y,
      previous,
      dense: dense.map(elementsOf),
      executions: counters?.calls['dynamics'],
      evaluations: evaluations.data[0] ?? NaN,
    };
  };
}

/** The relative error of each of several marches over a whole problem: max |y − ŷ| / max |y|. */
export interface MarchError {
  readonly steps: number;
  /** Size of the steps. */
  readonly size: number;
  /** Error of the last state. */
  readonly error: number;
  /** Largest error within the last step. */
  readonly denseError: number;
}

/** Errors between these measure an order: smaller ones are rounding, larger ones not yet asymptotic. */
const measurable = { least: 1e-11, most: 1e-2 };
const most = 8192;

/** Numbers of steps begin where, and grow how: at an order above 5 a few halvings lead from a large error to rounding. */
const growthFor = (order: number): { readonly fewest: number; readonly ratio: number } =>
  order <= 5 ? { fewest: 8, ratio: 2 } : { fewest: 4, ratio: 1.5 };

/**
 * Errors for step sizes that fall from the first with an error below 1 %, five times or until rounding shows; the last
 * three of them, where the order is most itself. Which sizes these are follows from the order.
 */
export async function convergence(march: Marcher, problem: TestProblem, order: number): Promise<readonly MarchError[]> {
  const { t0, t1, y0, solution } = problem;
  const { fewest, ratio } = growthFor(order);
  const found: MarchError[] = [];
  for (let steps = fewest; steps <= most && found.length < 5; steps = Math.round(steps * ratio)) {
    const h = (t1 - t0) / steps;
    const { y, dense } = await march(t0, h, steps, y0);
    const errorAt = (t: number, values: readonly number[]): number => {
      const exact = solution(t);
      const scale = Math.max(...exact.map(Math.abs));
      return Math.max(...exact.map((e, i) => Math.abs(e - (values[i] ?? NaN)))) / scale;
    };
    const error = errorAt(t1, elementsOf(y));
    const denseError = Math.max(...thetas.map((theta, i) => errorAt(t1 - h + theta * h, dense[i] ?? [])));
    if (error < measurable.least) break;
    if (error < measurable.most || steps >= most / 2) found.push({ steps, size: h, error, denseError });
  }
  return found.slice(-3);
}
