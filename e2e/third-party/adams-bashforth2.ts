/** A third party's solver with a step and a state of its own. */
import { cond, constant, linearCombination, select, type Leaves, type Solver, type Tensor } from '@node-ode/core';

/** f at the step before, and whether there was one. */
interface State {
  readonly previous: Leaves;
  readonly started: Tensor;
}

/** y and f at the start of a step, and y at its end. */
interface Interpolant {
  readonly y: Leaves;
  readonly k: Leaves;
  readonly h: Tensor;
  readonly y1: Leaves;
}

/**
 * The two-step method of Adams and Bashforth, of order 2: y1 = y + h·(3/2·f(t, y) − 1/2·f(t − h, y₋₁)), for steps of one
 * size. Nothing is before the first step, which is one of Heun's method. One evaluation a step, and one more in the first.
 */
export const adamsBashforth2 = (): Solver<State, Interpolant> => ({
  name: 'adams-bashforth-2',
  order: 2,
  hasErrorEstimate: false,
  fsal: false,
  needsUniformStep: true,

  init: (_f, _t0, y0) => ({
    state: { previous: y0.map((y) => y.mul(0)), started: constant(false) },
    evaluations: 0,
  }),

  step: (f, t, h, y, { previous, started }) => {
    const k = f(t, y);
    const y1 = cond(
      started,
      { t, h, y, k, previous },
      (s) =>
        s.y.map((leaf, i) => linearCombination([1, s.h, s.h], [leaf, s.k[i]!, s.previous[i]!], [1, 3 / 2, -1 / 2])),
      (s) => {
        const euler = s.y.map((leaf, i) => linearCombination([1, s.h], [leaf, s.k[i]!]));
        const end = f(s.t.add(s.h), euler);
        return s.y.map((leaf, i) => linearCombination([1, s.h, s.h], [leaf, s.k[i]!, end[i]!], [1, 1 / 2, 1 / 2]));
      },
    );
    return {
      y: y1,
      state: { previous: k, started: constant(true) },
      interpolant: { y, k, h, y1 },
      evaluations: select(started, constant(1, [], 'i32'), constant(2, [], 'i32')),
    };
  },

  // The quadratic through y, y' and y1: y + θ·h·f + θ²·(y1 − y − h·f).
  interpolate: ({ y, k, h, y1 }, theta) => {
    const square = theta.square();
    const [start, slope] = [square.neg().add(1), theta.sub(square).mul(h)];
    return y.map((leaf, i) => linearCombination([start, slope, square], [leaf, k[i]!, y1[i]!]));
  },
});
