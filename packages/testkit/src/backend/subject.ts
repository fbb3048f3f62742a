/** What a backend's checks are given. */
import type { Backend, DType } from '@node-ode/core';
import type { Closeness } from '../support/numbers.ts';
import type { SuiteOptions } from '../support/suite.ts';

/** What the author of a backend can say about it. */
export interface BackendSuiteOptions extends SuiteOptions {
  /** Dtypes to check; by default all that the backend says it has. */
  readonly dtypes?: readonly DType[];
  /** How near to the oracle floats must be; by default 1e-5 relative and 1e-6 absolute in f32, 1e-12 and 1e-13 in f64. */
  readonly tolerance?: { readonly f32?: Closeness; readonly f64?: Closeness };
  /** The engine that says what is right; the reference engine by default. */
  readonly oracle?: Backend;
  /** Seed of the random shapes and numbers. */
  readonly seed?: number;
}

/** A backend under test beside its oracle. */
export interface BackendSubject {
  readonly make: () => Promise<Backend>;
  /** The backend that checks share. */
  readonly shared: () => Promise<Backend>;
  readonly oracle: Backend;
  readonly dtypes: (backend: Backend) => readonly DType[];
  readonly tolerance: (dtype: DType) => Closeness;
  readonly seed: number;
}

const exact: Closeness = { rtol: 0, atol: 0 };

/** The defaults filled in. */
export const toleranceOf =
  ({
    f32 = { rtol: 1e-5, atol: 1e-6 },
    f64 = { rtol: 1e-12, atol: 1e-13 },
  }: NonNullable<BackendSuiteOptions['tolerance']> = {}) =>
  (dtype: DType): Closeness => {
    if (dtype === 'f32') return f32;
    return dtype === 'f64' ? f64 : exact;
  };
