/** How far a solver is from a test problem's known solution, and what it cost. */
import { reference } from '@node-ode/backend-reference';
import { array, constantStep, createOde, pid, type Solver, type StepController } from '@node-ode/core';
import { order, referenceTimes, type Problem } from '@node-ode/testkit/problems';

/** One solve of a problem, compared at each of its reference points. */
export interface Measurement {
  /** max |y − ŷ| over components and times. */
  readonly error: number;
  /** max |y − ŷ| / |y| over components and times. */
  readonly relativeError: number;
  readonly nfe: number;
  /** Executions of the dynamics as the engine counted them; `nfe` for an engine that does not count. */
  readonly executed: number;
  readonly accepted: number;
  readonly rejected: number;
}

/** Solves a problem and compares. */
export async function measure(problem: Problem, solver: Solver, controller: StepController): Promise<Measurement> {
  const { dtype, y0, dynamics, reference: points } = problem;
  const ode = createOde({ backend: reference(), solver, controller, dtype, maxSteps: 1_000_000 });
  const { ys, stats } = await ode.solve(dynamics, array([...y0], { dtype }), referenceTimes(problem));
  const pairs = points.flatMap(({ y }, row) =>
    y.map((exact, i) => [exact, ys.data[row * y.length + i] ?? NaN] as const),
  );
  const largest = (of: (exact: number, found: number) => number): number =>
    pairs.reduce((worst, [exact, found]) => Math.max(worst, of(exact, found)), 0);
  return {
    error: largest((exact, found) => Math.abs(found - exact)),
    relativeError: largest((exact, found) => (found === exact ? 0 : Math.abs((found - exact) / exact))),
    nfe: stats.nfe,
    executed: stats.counters === undefined ? stats.nfe : (stats.counters.calls['dynamics'] ?? NaN),
    accepted: stats.accepted,
    rejected: stats.rejected,
  };
}

/** Solves with adaptive steps. */
export const measureAdaptive = (
  problem: Problem,
  solver: Solver,
  tolerances: { readonly rtol: number; readonly atol: number },
): Promise<Measurement> => measure(problem, solver, pid(tolerances));

/** Errors at several step sizes, and the slope of their logarithms. */
export interface Convergence {
  readonly points: readonly { readonly h: number; readonly error: number }[];
  readonly slope: number;
}

/** The measured order on y' = Ay, A = ½·randn(10, 10), t from 0 to 4, in f64: errors at t = 4 for steps of 4/n. */
export async function convergence(solver: Solver, steps: readonly number[]): Promise<Convergence> {
  const whole = order('f64');
  const [first, last] = [whole.reference[0], whole.reference.at(-1) ?? whole.reference[0]];
  const problem: Problem = { ...whole, reference: [first, last] };
  const points = await Promise.all(
    steps.map(async (n) => {
      const h = (whole.t1 - whole.t0) / n;
      return { h, error: (await measure(problem, solver, constantStep({ h }))).error };
    }),
  );
  return { points, slope: slopeOf(points.map(({ h, error }) => [Math.log(h), Math.log(error)] as const)) };
}

/** Least squares. */
function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(([px]) => px), mean(([, py]) => py)];
  return mean(([px, py]) => (px - x) * (py - y)) / mean(([px]) => (px - x) ** 2);
}
