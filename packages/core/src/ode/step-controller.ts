/** The contract of a step-size controller: it accepts or rejects a step and chooses the size of the next. */
import type { Shape } from '../graph/graph.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Norm } from './norm.ts';
import type { Tolerance } from './pid.ts';
import type { LeafDynamics, Leaves } from './solver.ts';

/**
 * What a controller knows before the first step. Times, sizes and states are stop-gradient. Times are scalars, or vectors of
 * one for each sample if the controller is `perSample`: so are then the sizes, decisions and states that it gives.
 */
export interface ControllerProblem {
  readonly f: LeafDynamics;
  readonly t0: Tensor;
  /** The last time; before t0 if the solve runs backwards. */
  readonly t1: Tensor;
  readonly y0: Leaves;
  /** f(t0, y0), if the solver has evaluated it. */
  readonly dy0: Leaves | undefined;
  /** Order of the solver and of its error estimate. */
  readonly order: number;
  readonly errorOrder: number;
}

/** A step that was tried. */
export interface AttemptedStep {
  /** Its signed size. */
  readonly h: Tensor;
  readonly t: Tensor;
  readonly y0: Leaves;
  readonly y1: Leaves;
  /** The estimate of its local error; undefined if the solver has none. */
  readonly error: Leaves | undefined;
  readonly errorOrder: number;
}

/** What a controller decides about a step. */
export interface Decision<State> {
  /** Bool, of the shape of h. A step whose result is not finite is never accepted, whatever this says. */
  readonly accept: Tensor;
  /** The signed size of the next step: the next one along if accepted, of the same one again if not. */
  readonly h: Tensor;
  readonly state: State;
}

/** What a solve can change of a controller. */
export interface ToleranceChanges {
  readonly rtol?: Tolerance | undefined;
  readonly atol?: Tolerance | undefined;
  readonly norm?: Norm | undefined;
}

/**
 * A step-size controller, as a value made by a factory: `pid({ rtol, atol })`, `constantStep({ h })`.
 */
export interface StepController<State = unknown> {
  readonly name: string;
  /** Whether it needs a solver with an error estimate. */
  readonly needsErrorEstimate: boolean;
  /** Whether all its steps have one size (but the last, and those that land on a time). */
  readonly isUniform: boolean;
  /** Whether it decides for each sample where times are vectors; false by default. */
  readonly perSample?: boolean;
  /** The signed size of the first step and the first state. */
  init(problem: ControllerProblem): {
    readonly h: Tensor;
    readonly state: State;
    readonly evaluations: number | Tensor;
    /** A bool scalar, false if tolerances that are arguments are none: the solve fails. By default they are right. */
    readonly isValid?: Tensor;
  };
  next(step: AttemptedStep, state: State): Decision<State>;
  /**
   * The size of an error of a state, relative to what is tolerated: 1 is just accepted. Of the shape `lanes`, that of the
   * times. For controllers that tolerate any: solvers that iterate ask.
   */
  readonly measure?: (error: Leaves, y: Leaves, lanes: Shape) => Tensor;
  /** A step of smaller size than this ends the solve; by default one that no longer changes t. */
  readonly minStep?: number;
  /** Tensors of the function being traced that it uses: tolerances that are arguments. Their gradient is zero. */
  readonly tensors?: Leaves;
  /** This controller with others in place of its `tensors`: a reverse pass has its own values of them. */
  readonly withTensors?: (tensors: Leaves) => StepController<State>;
  /** This controller with other tolerances or another norm, where it has them: for solves that override them. */
  readonly withTolerances?: (changes: ToleranceChanges) => StepController<State>;
  /**
   * This controller for a state whose leaf i is of the kind of leaf `source[i]` of the old one, and so has its tolerances;
   * null leaves a leaf out of the error norm. `samples` is the extent of the samples' axis where samples had times of their
   * own: tolerances lead with it.
   */
  forLeaves(source: readonly (number | null)[], samples?: Shape): StepController<State>;
}
