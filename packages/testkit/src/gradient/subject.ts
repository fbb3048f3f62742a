/** What a gradient method's checks are given. */
import {
  createOde,
  pid,
  type Backend,
  type GradientMethod,
  type Ode,
  type PidOptions,
  type Solver,
} from '@node-ode/core';
import type { PerFloat, Precision } from '../support/precision.ts';
import type { SuiteOptions } from '../support/suite.ts';

/** What the author of a gradient method can say about it. */
export interface GradientMethodSuiteOptions extends SuiteOptions {
  /** Engine; measured in f64 if it has that and in f32 if not; the reference engine by default. */
  readonly backend?: Backend;
  /** Adaptive solver of at least fifth order; the kit's own by default. */
  readonly solver?: Solver;
  /**
   * Largest error of a gradient, relative and absolute together: 1e-6 by default in f64, of solves at rtol 1e-11, and 2e-5
   * in f32.
   */
  readonly tolerance?: number;
}

/** A gradient method under test. */
export interface GradientSubject extends Precision {
  readonly make: () => GradientMethod;
  readonly solver: Solver;
  readonly tolerance: number;
}

/**
 * In f32 the tightest tolerances at which a step's error still shows above its rounding, and steps so short that they are
 * exact to rounding anyway: of the cubic within a step of 1/16 too, whose slope is that of the solution to h³/125.
 */
export const tight: PerFloat<PidOptions> = {
  f64: { rtol: 1e-11, atol: 1e-12 },
  f32: { rtol: 1e-5, atol: 1e-6, maxStep: 1 / 16 },
};

/** Solves at tight tolerances with the method's gradients. */
export function tightOde({ make, backend, solver, dtype }: GradientSubject, steps: PidOptions = tight[dtype]): Ode {
  return createOde({ backend, solver, gradient: make(), controller: pid(steps), dtype, maxSteps: 100_000 });
}
