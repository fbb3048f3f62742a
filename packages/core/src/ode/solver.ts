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

/**
 * The size of an error of a state, relative to what the step-size controller tolerates: 1 is just accepted. A scalar, or of
 * the shape of `t`. Both arguments are leaves like the state's.
 */
export type ErrorMeasure = (error: Leaves, y: Leaves) => Tensor;

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
  /**
   * For implicit methods: bool, a scalar or of the shape of `t`, false where the step's equations were not solved. Such a
   * step is refused, and tried again much smaller if the controller changes sizes. By default steps are solved.
   */
  readonly isSolved?: Tensor;
}

/** An interpolant made more accurate by further evaluations. */
export interface Densified<Interpolant> {
  readonly interpolant: Interpolant;
  /** Function evaluations made. */
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
  /**
   * One step of size `h` from (t, y). `measure` says how well a method that iterates must solve its equations; undefined
   * where nothing is tolerated: as well as the dtype allows.
   */
  step(
    f: LeafDynamics,
    t: Tensor,
    h: Tensor,
    y: Leaves,
    state: State,
    measure?: ErrorMeasure,
  ): Step<State, Interpolant>;
  /** The solution at t + θ·h, 0 ≤ θ ≤ 1, without evaluating f: at θ = 1 that is the `y` of the step. */
  interpolate(interpolant: Interpolant, theta: Tensor): Leaves;
  /**
   * For methods whose stages don't give the solution within a step as accurately as at its end: the interpolant of the step
   * from `t` with more evaluations of f behind it. It is asked for where an accepted step holds an output time or an event.
   * `interpolate` takes either; at both ends they agree, in their slope too.
   */
  densify?(f: LeafDynamics, t: Tensor, interpolant: Interpolant): Densified<Interpolant>;
}

export const errorOrderOf = ({ order, errorOrder }: Solver): number => errorOrder ?? order - 1;
