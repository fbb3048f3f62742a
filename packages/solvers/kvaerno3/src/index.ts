/** The method of Kværnø of order 3. */
import {
  esdirk,
  type EsdirkOptions,
  type RungeKuttaInterpolant,
  type RungeKuttaState,
  type Solver,
} from '@node-ode/core';

/** The root of 6γ³ − 18γ² + 9γ − 1 that makes the method L-stable. */
const g = 0.435866521508459;

const [a31, a32] = [(-4 * g * g + 6 * g - 1) / (4 * g), (1 - 2 * g) / (4 * g)];
const [a41, a42, a43] = [(6 * g - 1) / (12 * g), -1 / ((24 * g - 12) * g), (-6 * g * g + 6 * g - 1) / (6 * g - 3)];

/**
 * Kværnø 3(2) (BIT Numerical Mathematics 44, 2004, "Singly diagonally implicit Runge–Kutta methods with an explicit first
 * stage"): for stiff problems. Order 3 with an embedded method of order 2, both L-stable and stiffly accurate; four stages, three
 * of them implicit. Cubic Hermite dense output.
 *
 * @throws OptionError if an option is out of range.
 * @example
 * const ode = createOde({ backend: await wasm(), solver: kvaerno3(), rtol: 1e-4, atol: 1e-6, dtype: 'f64' });
 */
export const kvaerno3 = (options: EsdirkOptions = {}): Solver<RungeKuttaState, RungeKuttaInterpolant> =>
  esdirk(
    {
      name: 'kvaerno3',
      order: 3,
      c: [0, 2 * g, 1, 1],
      a: [[], [g, g], [a31, a32, g], [a41, a42, a43, g]],
      b: [a41, a42, a43, g],
      bError: [a41 - a31, a42 - a32, a43 - g, g],
    },
    options,
  );
