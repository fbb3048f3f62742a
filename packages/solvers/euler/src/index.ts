/** Euler's method. */
import { rungeKutta, type RungeKuttaInterpolant, type RungeKuttaState, type Solver } from '@node-ode/core';

/**
 * Euler's method: y1 = y0 + h·f(t, y0). Order 1, one stage, no error estimate, linear dense output. With h = 1 a step is a
 * residual block.
 *
 * @example
 * const ode = createOde({ backend: await wasm(), solver: euler(), h: 0.1 });
 */
export const euler = (): Solver<RungeKuttaState | readonly [], RungeKuttaInterpolant> =>
  rungeKutta({ name: 'euler', order: 1, c: [0], a: [[]], b: [1] });
