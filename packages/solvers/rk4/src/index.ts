/** The two methods of order 4 by Kutta. */
import { rungeKutta, type RungeKuttaInterpolant, type RungeKuttaState, type Solver } from '@node-ode/core';

/**
 * The classic Runge–Kutta method (Kutta 1901): order 4, four stages, no error estimate. Dense output of order 3 from the
 * same stages (Hairer, Nørsett & Wanner I, eq. II.6.5).
 *
 * @example
 * const ode = createOde({ backend: await wasm(), solver: rk4(), h: 0.05 });
 */
export const rk4 = (): Solver<RungeKuttaState | readonly [], RungeKuttaInterpolant> =>
  rungeKutta({
    name: 'rk4',
    order: 4,
    c: [0, 1 / 2, 1 / 2, 1],
    a: [[], [1 / 2], [0, 1 / 2], [0, 0, 1]],
    b: [1 / 6, 1 / 3, 1 / 3, 1 / 6],
    interpolant: [
      [1, -3 / 2, 2 / 3],
      [0, 1, -2 / 3],
      [0, 1, -2 / 3],
      [0, -1 / 2, 2 / 3],
    ],
  });

/**
 * Kutta's 3/8 rule (1901): order 4, four stages, smaller error constants than the classic method. Dense output of order 3:
 * the unique bᵢ(θ) that satisfy the order conditions up to θ³.
 *
 * @example
 * const ode = createOde({ backend: await wasm(), solver: rk4ThreeEighths(), h: 0.05 });
 */
export const rk4ThreeEighths = (): Solver<RungeKuttaState | readonly [], RungeKuttaInterpolant> =>
  rungeKutta({
    name: 'rk4-3/8',
    order: 4,
    c: [0, 1 / 3, 2 / 3, 1],
    a: [[], [1 / 3], [-1 / 3, 1], [1, -1, 1]],
    b: [1 / 8, 3 / 8, 3 / 8, 1 / 8],
    interpolant: [
      [1, -15 / 8, 1],
      [0, 15 / 8, -3 / 2],
      [0, 3 / 8],
      [0, -3 / 8, 1 / 2],
    ],
  });
