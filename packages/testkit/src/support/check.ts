/** What a conformance suite is made of: named checks that know no test framework. */
import { NodeOdeError } from '@node-ode/core';

/** One thing that a plugin must do. `run` rejects, with a reason, if the plugin does not do it. */
export interface Check {
  readonly name: string;
  run(): Promise<void>;
}

/** A plugin did not do what its contract says. */
export class ConformanceError extends NodeOdeError {
  constructor(subject: string, found: string, details: { readonly expected?: string; readonly advice?: string } = {}) {
    super('CONFORMANCE', subject, found, details);
  }
}

/** A check from a function, perhaps asynchronous. */
export const check = (name: string, run: () => void | Promise<void>): Check => ({
  name,
  run: async () => {
    await run();
  },
});

/**
 * Asserts.
 *
 * @throws ConformanceError saying what was found and what was expected.
 */
export function demand(
  condition: boolean,
  subject: string,
  found: string,
  details: { readonly expected?: string; readonly advice?: string } = {},
): asserts condition {
  if (!condition) throw new ConformanceError(subject, found, details);
}

/** A value made at its first use and kept: what several checks share. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** A check that a plugin did not pass, with the reason. */
export interface Failure {
  readonly name: string;
  readonly reason: string;
}

/**
 * Runs checks one after the other, all of them or those with the given names.
 *
 * @example
 * const failures = await failuresOf(solverChecks(() => myMethod()));
 */
export async function failuresOf(checks: readonly Check[], only?: readonly string[]): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  for (const { name, run } of checks.filter((c) => only?.includes(c.name) ?? true)) {
    try {
      await run();
    } catch (error) {
      failures.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return failures;
}
