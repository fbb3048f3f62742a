/** A third party's solver: a Runge–Kutta method is its coefficients. */
import { rungeKutta, type RungeKuttaInterpolant, type RungeKuttaState, type Solver } from '@node-ode/core';

/**
 * Cash and Karp's method of order 5 with an embedded one of order 4 (Cash & Karp 1990, ACM Transactions on Mathematical
 * Software 16, 201–222).
 */
export const cashKarp = (): Solver<RungeKuttaState | readonly [], RungeKuttaInterpolant> =>
  rungeKutta({
    name: 'cash-karp',
    order: 5,
    errorOrder: 4,
    c: [0, 1 / 5, 3 / 10, 3 / 5, 1, 7 / 8],
    a: [
      [],
      [1 / 5],
      [3 / 40, 9 / 40],
      [3 / 10, -9 / 10, 6 / 5],
      [-11 / 54, 5 / 2, -70 / 27, 35 / 27],
      [1631 / 55296, 175 / 512, 575 / 13824, 44275 / 110592, 253 / 4096],
    ],
    b: [37 / 378, 0, 250 / 621, 125 / 594, 0, 512 / 1771],
    bError: [
      37 / 378 - 2825 / 27648,
      0,
      250 / 621 - 18575 / 48384,
      125 / 594 - 13525 / 55296,
      -277 / 14336,
      512 / 1771 - 1 / 4,
    ],
  });
