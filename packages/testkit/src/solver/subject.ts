/** What a solver's checks are given. */
import type { Backend, Solver } from '@node-ode/core';
import type { SuiteOptions } from '../support/suite.ts';

/** What the author of a solver can say about it. */
export interface SolverSuiteOptions extends SuiteOptions {
  /** Engine with f64 that the solver runs on; the reference engine by default. */
  readonly backend?: Backend;
  /** Order of the error within a step; at least 1, `order − 1` by default. */
  readonly denseOrder?: number;
  /** Whether `t` and `h` may have the batch's shape, one time a sample; true by default. */
  readonly perSample?: boolean;
  /** Whether it is for stiff problems, L-stable; false by default. */
  readonly stiff?: boolean;
}

/** A solver under test, on an engine. */
export interface SolverSubject extends SolverSuiteOptions {
  readonly backend: Backend;
  /** A fresh instance from the author's factory. */
  readonly make: () => Solver;
}
