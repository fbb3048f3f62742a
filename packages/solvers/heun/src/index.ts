/** Heun's method with Euler's embedded in it. */
import { rungeKutta, type RungeKuttaInterpolant, type RungeKuttaState, type Solver } from '@node-ode/core';

/**
 * Heun's method of order 2 with Euler's as error estimate: y1 = y0 + h/2·(k1 + k2), k2 = f(t + h, y0 + h·k1), error
 * h/2·(k1 − k2). The third stage is f(t + h, y1), the first of the next step: two evaluations a step, and cubic Hermite
 * dense output. (Hairer, Nørsett & Wanner I, table II.1.1.)
 *
 * @example
 * const ode = createOde({ backend: await wasm(), solver: heun(), rtol: 1e-4, atol: 1e-6 });
 */
export const heun = (): Solver<RungeKuttaState | readonly [], RungeKuttaInterpolant> =>
  rungeKutta({
    name: 'heun',
    order: 2,
    c: [0, 1, 1],
    a: [[], [1], [1 / 2, 1 / 2]],
    b: [1 / 2, 1 / 2, 0],
    bError: [1 / 2, -1 / 2, 0],
  });
