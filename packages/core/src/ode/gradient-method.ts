/** The contract of a gradient method: how derivatives of a solve's results are found. */
import type { Tape } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ClosedEvents } from './events.ts';
import type { Norm } from './norm.ts';
import type { Leaves, Solver } from './solver.ts';
import type { StepController, ToleranceChanges } from './step-controller.ts';

/** Dynamics with everything that they use from outside as an argument. */
export type ClosedDynamics = (t: Tensor, y: Leaves, captures: Leaves) => Leaves;

/** A solve as a gradient method receives it: every capture, from nested bodies too, is already found. */
export interface SolveProblem {
  readonly f: ClosedDynamics;
  /**
   * Tensors that f uses: parameters and the like, then those of the step-size controller, such as traced tolerances. Those
   * that are not floats have no cotangent. A method that solves again hands them on in this order, its own behind them.
   */
  readonly captures: Leaves;
  readonly y0: Leaves;
  /** Times, a vector; with steps for each of B samples they are [times, B]. */
  readonly ts: Tensor;
  /**
   * Events that end the solve. What `integrate` gives then is, for each leaf of the state, its rows and one more, where the
   * solve ended; then the times of these rows; then the index of the event, −1 if there was none. Rows of later times than
   * the end are as the last, time included. A method that hands them on, as `integrate` gives them, `handlesEvents`.
   */
  readonly events?: ClosedEvents;
  /** Whether a solve that fails leaves NaN in its solution, of the samples that failed, and the run goes on. */
  readonly mayFail?: boolean;
}

/** What can differ between the forward solve and one that a gradient method makes. */
export interface IntegrateOptions {
  readonly solver?: Solver;
  readonly controller?: StepController;
  /** Tolerances and norm in place of the controller's. */
  readonly changes?: ToleranceChanges;
  readonly maxSteps?: number;
  /**
   * The largest number of states that a derivative through the steps holds, at least 4; may depend on the largest number
   * of steps. Without it each accepted step is taped.
   */
  readonly checkpoints?: number | ((maxSteps: number) => number);
  /** Signed size of the first step, a scalar: it spares the controller's search for one. */
  readonly firstStep?: Tensor;
  /** Where evaluations are counted: `nfe`, or `nfe.backward` for solves of a reverse pass. */
  readonly phase?: 'forward' | 'backward';
  /**
   * For each leaf of this problem's state the leaf of the original state whose tolerances it has; null leaves it out of the
   * error norm.
   */
  readonly tolerancesOf?: readonly (number | null)[];
  /** The norm of the scaled error, for controllers that have one; a norm among the `changes` goes before it. */
  readonly norm?: Norm;
}

/** Solves a problem and gives y at each time, stacked along a new first axis; differentiable through its steps. */
export type Integrate = (problem: SolveProblem, options?: IntegrateOptions) => Leaves;

/** The accepted steps of a solve, one entry each; constants to derivatives. */
export interface RecordedSteps {
  readonly t: Tape;
  /** The time after the step, which may be an assigned one: t + h up to rounding, or before it where an event was. */
  readonly tNext: Tape;
  readonly h: Tape;
  /** Leaves of the solver's interpolant. */
  readonly interpolant: readonly Tape[];
}

/** Solves a problem as `Integrate` and records the steps; memory grows with their number. */
export type IntegrateAndRecord = (
  problem: SolveProblem,
  options?: IntegrateOptions,
) => {
  readonly ys: Leaves;
  readonly steps: RecordedSteps;
  /** The solution at t + θ·h, from one entry of `steps.interpolant`. */
  readonly interpolate: (interpolant: Leaves, theta: Tensor) => Leaves;
};

/**
 * A gradient method, as a value made by a factory: `backprop()`, `adjoint()`.
 *
 * @example
 * // Discretise, then optimise: loops are differentiable.
 * const backprop: GradientMethod = { name: 'backprop', solve: (problem, integrate) => integrate(problem) };
 */
export interface GradientMethod {
  readonly name: string;
  /** Whether it solves problems whose samples have times of their own; false by default. */
  readonly perSample?: boolean;
  /** Whether it solves problems with events: `SolveProblem.events`. False by default. */
  readonly handlesEvents?: boolean;
  /** The solution at each time, with the method's reverse rule. */
  solve(problem: SolveProblem, integrate: Integrate, record: IntegrateAndRecord): Leaves;
}
