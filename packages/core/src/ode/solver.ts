/** The contract of a solver: one step of an ODE's numerical solution. What a step returns is data, never a closure. */
import type { Tensor } from '../tensor/tensor.ts';

/** A state as the list of its leaves: solvers act on each leaf alike, and states are never ravelled into one vector. */
export type Leaves = readonly Tensor[];

/** dy/dt = f(t, y) over leaves. Each use is one function evaluation. */
export type LeafDynamics = (t: Tensor, y: Leaves) => Leaves;

/** What a solver carries from step to step: a tree of tensors of fixed structure, shapes and dtypes. */
export interface SolverStart<State> {
  readonly state: State;
  /** Function evaluations made. */
  readonly evaluations: number | Tensor;
  /** f(t0, y0), if it was evaluated: spares the controller from evaluating it again. */
  readonly dy0?: Leaves;
}

/** The result of trying one step of size `h` from (t, y). */
export interface Step<State, Interpolant> {
  /** The state at t + h. */
  readonly y: Leaves;
  /** An estimate of the local error of `y`, for solvers with `hasErrorEstimate`. */
  readonly error?: Leaves;
  /** Carried on if the step is accepted. */
  readonly state: State;
  /** A tree of tensors from which `interpolate` gives the solution within the step. */
  readonly interpolant: Interpolant;
  /** Function evaluations made by the step. */
  readonly evaluations: number | Tensor;
}

/**
 * A numerical method, as a value made by a factory. `t` and `h` are scalars, or have the shape of the leading axes of the
 * state (one time a sample); `h` is negative backwards in time.
 *
 * @example
 * const euler: Solver<readonly [], { y: Leaves; dy: Leaves }> = {
 *   name: 'euler', order: 1, hasErrorEstimate: false, fsal: false, needsUniformStep: false,
 *   init: () => ({ state: [], evaluations: 0 }),
 *   step: (f, t, h, y, state) => {
 *     const dy = f(t, y).map((d) => d.mul(h));
 *     return { y: y.map((yi, i) => yi.add(dy[i])), state, interpolant: { y, dy }, evaluations: 1 };
 *   },
 *   interpolate: ({ y, dy }, theta) => y.map((yi, i) => yi.add(dy[i].mul(theta))),
 * };
 */
export interface Solver<State = unknown, Interpolant = unknown> {
  readonly name: string;
  /** Order of the propagated solution: the global error is O(hᵒʳᵈᵉʳ). */
  readonly order: number;
  /** Whether steps return an `error`. */
  readonly hasErrorEstimate: boolean;
  /** Order of the solution that the error estimate compares with; the error is O(h^(errorOrder + 1)). Default: order − 1. */
  readonly errorOrder?: number;
  /** Whether the last evaluation of a step is the first of the next. */
  readonly fsal: boolean;
  /** Whether all steps must have one size, as multi-step methods of fixed coefficients need. */
  readonly needsUniformStep: boolean;
  /**
   * Whether `t` and `h` may be vectors, one for each sample along the first axis of each leaf of the state; false by default.
   * Every leaf of the solver's own state then leads with the samples, too.
   */
  readonly perSample?: boolean;
  /** The first state at (t0, y0). */
  init(f: LeafDynamics, t0: Tensor, y0: Leaves): SolverStart<State>;
  /** One step of size `h` from (t, y). */
  step(f: LeafDynamics, t: Tensor, h: Tensor, y: Leaves, state: State): Step<State, Interpolant>;
  /** The solution at t + θ·h, 0 ≤ θ ≤ 1, without evaluating f: at θ = 1 that is the `y` of the step. */
  interpolate(interpolant: Interpolant, theta: Tensor): Leaves;
}
