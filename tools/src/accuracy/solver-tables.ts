/** The tables about solvers: order, torchdiffeq's problems, DETEST. */
import { pid, type Solver } from '@node-ode/core';
import { bosh3 } from '@node-ode/solver-bosh3';
import { dopri5 } from '@node-ode/solver-dopri5';
import { dopri8 } from '@node-ode/solver-dopri8';
import { euler } from '@node-ode/solver-euler';
import { heun } from '@node-ode/solver-heun';
import { kvaerno3 } from '@node-ode/solver-kvaerno3';
import { kvaerno5 } from '@node-ode/solver-kvaerno5';
import { midpoint } from '@node-ode/solver-midpoint';
import { rk4, rk4ThreeEighths } from '@node-ode/solver-rk4';
import { tsit5 } from '@node-ode/solver-tsit5';
import { attainedOrders } from '../order-conditions.ts';
import { detestCases, detestTolerances, endOf, stiffCases, torchdiffeqCases, torchdiffeqTolerances } from './cases.ts';
import { inTurn } from './in-turn.ts';
import { section, short, table } from './markdown.ts';
import { convergence, measure, measureAdaptive } from './measure.ts';

const all = [
  euler(),
  midpoint(),
  heun(),
  bosh3(),
  rk4(),
  rk4ThreeEighths(),
  dopri5(),
  tsit5(),
  dopri8(),
  kvaerno3(),
  kvaerno5(),
];
const adaptive = [heun(), bosh3(), dopri5(), tsit5(), dopri8()];

/** Numbers of steps with errors below 1 and well above rounding. */
const stepsFor = ({ order }: Solver): readonly number[] =>
  order <= 2
    ? [256, 512, 1024, 2048]
    : order <= 4
      ? [64, 128, 256, 512]
      : order <= 5
        ? [32, 64, 128, 256]
        : [8, 12, 16, 24];

export async function orderSection(): Promise<string> {
  const rows = await inTurn(all, async (solver) => {
    const steps = stepsFor(solver);
    const { points, slope } = await convergence(solver, steps);
    const { solution, dense, embedded } = await attainedOrders(solver);
    return [
      solver.name,
      solver.order,
      slope.toFixed(2),
      `${steps[0] ?? ''}–${steps.at(-1) ?? ''}`,
      `${short(points[0]?.error ?? NaN)}–${short(points.at(-1)?.error ?? NaN)}`,
      solution,
      dense,
      embedded ?? '–',
    ];
  });
  return section(
    'Order',
    "y' = Ay, A = ½·randn(10, 10) from a fixed seed, t from 0 to 4, f64: the least-squares slope of the logarithm of the largest error at t = 4 over that of the step. The last three columns are the orders whose conditions (over all rooted trees) the solution, the dense output and the embedded solution satisfy to rounding, and not those of the next.",
    table(['method', 'claimed', 'measured', 'steps', 'errors', 'solution', 'dense output', 'embedded'], rows),
  );
}

export async function torchdiffeqSection(): Promise<string> {
  const bySolver = await inTurn(adaptive, (solver) =>
    inTurn(torchdiffeqCases(solver), async ({ problem, bound }) => {
      const { relativeError, nfe } = await measureAdaptive(problem, solver, torchdiffeqTolerances);
      return { bound, cells: [relativeError, nfe] };
    }),
  );
  const cases = torchdiffeqCases(dopri5());
  const rows = (dtype: 'f32' | 'f64') =>
    cases.flatMap(({ problem, bound }, i) => {
      if (problem.dtype !== dtype) return [];
      const loose = bySolver[0]?.[i]?.bound ?? NaN;
      const bounds = loose === bound ? short(bound) : `${short(bound)} (${short(loose)})`;
      return [[problem.name, bounds, ...bySolver.flatMap((results) => results[i]?.cells ?? [])]];
    });
  const head = ['problem', 'bound', ...adaptive.flatMap(({ name }) => [name, 'NFE'])];
  const { rtol, atol } = torchdiffeqTolerances;
  return section(
    "torchdiffeq's problems",
    `t = linspace(1, 8, 10), rtol ${rtol.toExponential()}, atol ${atol.toExponential()}: the largest relative error of any component at any time. The bound in brackets is that of heun and bosh3. "reversed" solves from 8 to 1, from the exact solution there.`,
    'In f64:',
    table(head, rows('f64')),
    'In f32, where rtol is near the rounding of the state (6·10⁻⁸): the error estimate h·Σ(bᵢ − b̂ᵢ)kᵢ is formed from slopes, not from a difference of solutions, and stays meaningful; steps are as in f64.',
    table(head, rows('f32')),
  );
}

export async function detestSection(): Promise<string> {
  const methods = [dopri5(), tsit5(), dopri8()];
  const rows = await inTurn(detestCases(), async ({ title, problem }) => {
    const results = await inTurn(methods, (solver) => measureAdaptive(problem, solver, detestTolerances));
    return [
      title,
      ...results.flatMap(({ error, nfe, accepted, rejected }) => [error, nfe, `${accepted} + ${rejected}`]),
    ];
  });
  const { rtol, atol } = detestTolerances;
  return section(
    'DETEST',
    `The 25 non-stiff problems of Enright & Pryce (ACM TOMS 13, 1987), t from 0 to 20, f64, rtol ${rtol.toExponential()}, atol ${atol.toExponential()}: the largest error of any component at t = 5, 10, 15 and 20 against SciPy's DOP853 at 10⁻¹² (tools/references/detest.py); bound 4·10⁻⁵. Steps are accepted + rejected.`,
    table(['problem', ...methods.flatMap(({ name }) => [name, 'NFE', 'steps'])], rows),
  );
}

export async function stiffSection(): Promise<string> {
  const rows = await inTurn([kvaerno3(), kvaerno5()], (solver) =>
    inTurn(stiffCases(), async ({ problem, tolerances }) => {
      const { relativeError, nfe, accepted, rejected } = await measure(endOf(problem), solver, pid(tolerances));
      const within = await measure(problem, solver, pid(tolerances));
      return [problem.name, solver.name, `${accepted} + ${rejected}`, nfe, relativeError, within.relativeError];
    }),
  );
  return section(
    'Stiff problems',
    "Robertson's reaction to t = 10⁵ and Van der Pol's oscillator with µ = 1000 to t = 2000, f64, rtol 10⁻⁶, against SciPy's Radau at 3·10⁻¹⁴ (packages/testkit/src/problems/stiff.ts): the largest relative error of any component at the last time, and at four times, three of them within steps. Each step tried has one Jacobian (n pullbacks of the dynamics) and one factorisation besides.",
    table(['problem', 'method', 'steps', 'NFE', 'error at the end', 'error within'], rows.flat()),
  );
}
