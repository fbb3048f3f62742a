/** The conformance suite of a backend. */
import { reference } from '@node-ode/backend-reference';
import type { Backend } from '@node-ode/core';
import { lazy, type Check } from '../support/check.ts';
import { primitiveChecks } from './primitives.ts';
import { programChecks } from './programs.ts';
import { runtimeChecks } from './runtime.ts';
import { toleranceOf, type BackendSubject, type BackendSuiteOptions } from './subject.ts';

export type { BackendSuiteOptions } from './subject.ts';

/** The checks of a backend, and what ends it after them. */
export interface BackendSuite {
  readonly checks: readonly Check[];
  readonly dispose: () => Promise<void>;
}

/** Checks on one shared instance, made at the first check. */
export function backendSuite(make: () => Backend | Promise<Backend>, options: BackendSuiteOptions = {}): BackendSuite {
  const making = async (): Promise<Backend> => make();
  let used = false;
  const shared = lazy(() => {
    used = true;
    return making();
  });
  const subject: BackendSubject = {
    make: making,
    shared,
    oracle: options.oracle ?? reference(),
    dtypes: ({ capabilities }) => options.dtypes ?? capabilities.dtypes,
    tolerance: toleranceOf(options.tolerance),
    seed: options.seed ?? 0,
  };
  return {
    checks: [primitiveChecks, programChecks, runtimeChecks].flatMap((checks) => checks(subject)),
    dispose: async () => {
      if (used) await (await shared()).dispose();
    },
  };
}

/**
 * What every engine must do, as named checks without a test framework: every primitive against the oracle, structured
 * control flow and its derivatives, and the life of arrays and executables.
 *
 * @example
 * for (const { name, run } of backendChecks(() => myEngine())) await run();
 */
export const backendChecks = (
  make: () => Backend | Promise<Backend>,
  options: BackendSuiteOptions = {},
): readonly Check[] => backendSuite(make, options).checks;
