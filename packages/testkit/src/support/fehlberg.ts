/** The kit's own adaptive solver, for suites that need one and are given none. */
import { rungeKutta, type Solver } from '@node-ode/core';

/**
 * Fehlberg's method 5(4), six stages, the fifth-order solution propagated (Fehlberg 1969; Hairer, Nørsett & Wanner I,
 * table II.5.1).
 */
export const fehlberg = (): Solver =>
  rungeKutta({
    name: 'fehlberg',
    order: 5,
    errorOrder: 4,
    c: [0, 1 / 4, 3 / 8, 12 / 13, 1, 1 / 2],
    a: [
      [],
      [1 / 4],
      [3 / 32, 9 / 32],
      [1932 / 2197, -7200 / 2197, 7296 / 2197],
      [439 / 216, -8, 3680 / 513, -845 / 4104],
      [-8 / 27, 2, -3544 / 2565, 1859 / 4104, -11 / 40],
    ],
    b: [16 / 135, 0, 6656 / 12825, 28561 / 56430, -9 / 50, 2 / 55],
    bError: [16 / 135 - 25 / 216, 0, 6656 / 12825 - 1408 / 2565, 28561 / 56430 - 2197 / 4104, -9 / 50 + 1 / 5, 2 / 55],
  });
