/** What a gradient method's checks are given. */
import {
  createOde,
  pid,
  type Backend,
  type FloatDType,
  type GradientMethod,
  type Ode,
  type Solver,
} from '@node-ode/core';
import type { SuiteOptions } from '../support/suite.ts';

/** What the author of a gradient method can say about it. */
export interface GradientMethodSuiteOptions extends SuiteOptions {
  /** Engine with f64; the reference engine by default. */
  readonly backend?: Backend;
  /** Adaptive solver of at least fifth order; the kit's own by default. */
  readonly solver?: Solver;
  /** Largest error of a gradient in f64, relative and absolute together, of solves at rtol 1e-11; 1e-6 by default. */
  readonly tolerance?: number;
}

/** A gradient method under test. */
export interface GradientSubject {
  readonly make: () => GradientMethod;
  readonly backend: Backend;
  readonly solver: Solver;
  readonly tolerance: number;
}

/** Solves at tight tolerances with the method's gradients. */
export function tightOde({ make, backend, solver }: GradientSubject, dtype: FloatDType = 'f64'): Ode {
  const [rtol, atol] = dtype === 'f64' ? [1e-11, 1e-12] : [1e-5, 1e-6];
  return createOde({ backend, solver, gradient: make(), controller: pid({ rtol, atol }), dtype, maxSteps: 100_000 });
}
