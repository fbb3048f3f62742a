/** The method of Bogacki and Shampine. */
import { rungeKutta, type RungeKuttaInterpolant, type RungeKuttaState, type Solver } from '@node-ode/core';

/**
 * Bogacki & Shampine 3(2) (Applied Mathematics Letters 2, 1989): order 3 with an embedded method of order 2, four stages,
 * first same as last: three evaluations a step. Cubic Hermite dense output.
 *
 * @example
 * const ode = createOde({ backend: await wasm(), solver: bosh3(), rtol: 1e-4, atol: 1e-6 });
 */
export const bosh3 = (): Solver<RungeKuttaState | readonly [], RungeKuttaInterpolant> =>
  rungeKutta({
    name: 'bosh3',
    order: 3,
    c: [0, 1 / 2, 3 / 4, 1],
    a: [[], [1 / 2], [0, 3 / 4], [2 / 9, 1 / 3, 4 / 9]],
    b: [2 / 9, 1 / 3, 4 / 9, 0],
    bError: [2 / 9 - 7 / 24, 1 / 3 - 1 / 4, 4 / 9 - 1 / 3, -1 / 8],
  });
