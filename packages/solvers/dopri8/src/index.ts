/** The method of Prince and Dormand. */
import { rungeKutta, type RungeKuttaInterpolant, type RungeKuttaState, type Solver } from '@node-ode/core';
import { bulge, furtherA, furtherC, interpolant } from './dense-output.ts';
import { a, b, c, embedded } from './tableau.ts';

/**
 * Prince & Dormand 8(7) (J. Comp. Appl. Math. 7, 1981), their RK8(7)13M: order 8 is propagated, order 7 embedded; fourteen
 * stages, the last of which, f at the end of the step, is the first of the next: thirteen evaluations a step. Dense output
 * of order 7, continuously differentiable, derived here: a step within which the solution is wanted makes four evaluations
 * more, as its own stages allow no more than order 5.
 *
 * @example
 * const ode = createOde({ backend: await wasm(), solver: dopri8(), dtype: 'f64', rtol: 1e-10, atol: 1e-12 });
 */
export const dopri8 = (): Solver<RungeKuttaState | readonly [], RungeKuttaInterpolant> =>
  rungeKutta({
    name: 'dopri8',
    order: 8,
    c: [...c, 1],
    a: [...a, b],
    b: [...b, 0],
    bError: [...b.map((weight, i) => weight - (embedded[i] ?? 0)), 0],
    interpolant,
    extension: { c: furtherC, a: furtherA, bulge },
  });
