/** The explicit midpoint method. */
import { rungeKutta, type RungeKuttaInterpolant, type RungeKuttaState, type Solver } from '@node-ode/core';

/**
 * The explicit midpoint method (Runge 1895): y1 = y0 + h·f(t + h/2, y0 + h/2·f(t, y0)). Order 2, two stages, no error
 * estimate, quadratic dense output.
 *
 * @example
 * const ode = createOde({ backend: await wasm(), solver: midpoint(), h: 0.1 });
 */
export const midpoint = (): Solver<RungeKuttaState | readonly [], RungeKuttaInterpolant> =>
  rungeKutta({ name: 'midpoint', order: 2, c: [0, 1 / 2], a: [[], [1 / 2]], b: [0, 1] });
