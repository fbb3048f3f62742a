/** What a solver's checks are given. */
import type { Backend, Solver } from '@node-ode/core';
import type { Closeness } from '../support/numbers.ts';
import { unitRoundoff, type Precision } from '../support/precision.ts';
import type { SuiteOptions } from '../support/suite.ts';

/** What the author of a solver can say about it. */
export interface SolverSuiteOptions extends SuiteOptions {
  /** Engine that the solver runs on, in f64 if it has that and in f32 if not; the reference engine by default. */
  readonly backend?: Backend;
  /** Order of the error within a step; at least 1, `order − 1` by default. */
  readonly denseOrder?: number;
  /** Whether `t` and `h` may have the batch's shape, one time a sample; true by default. */
  readonly perSample?: boolean;
  /** Whether it is for stiff problems, L-stable; false by default. */
  readonly stiff?: boolean;
}

/** A solver under test, on an engine. */
export interface SolverSubject extends Omit<SolverSuiteOptions, 'backend'>, Precision {
  /** A fresh instance from the author's factory. */
  readonly make: () => Solver;
}

/**
 * What the stages of an implicit step add to rounding in f32: each is solved until it is estimated that 20u of it are left.
 * A factor of bounds that are made of rounding alone.
 */
export const stageError = ({ dtype, stiff }: Pick<SolverSubject, 'dtype' | 'stiff'>): number =>
  dtype === 'f32' && stiff === true ? 8 : 1;

/** Bounds for a subject: f64's as they are, those of f32 as multiples of u with what stages add. */
export const closenessFor = (
  subject: Pick<SolverSubject, 'dtype' | 'stiff'>,
  { f64, roundings }: { readonly f64: Closeness; readonly roundings: number },
): Closeness => {
  if (subject.dtype === 'f64') return f64;
  const bound = roundings * unitRoundoff.f32 * stageError(subject);
  return { rtol: bound, atol: bound };
};
