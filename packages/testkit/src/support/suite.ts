/** The bridge to vitest: a suite's checks as tests. */
import { describe, it } from 'vitest';
import type { Check } from './check.ts';

/** What every suite lets its caller choose. */
export interface SuiteOptions {
  /** Milliseconds that each check may take; what `NODE_ODE_CHECK_TIMEOUT` says, or 60 000, by default. */
  readonly timeout?: number;
}

/** On a slow engine, such as a GPU in software, all suites are given more time by the environment. */
const defaultTimeout = Number(process.env['NODE_ODE_CHECK_TIMEOUT'] ?? 60_000);

/** Declares `describe(title)` with one test for each check. */
export function declareSuite(
  title: string,
  checks: readonly Check[],
  { timeout = defaultTimeout }: SuiteOptions = {},
): void {
  describe(title, () => {
    for (const { name, run } of checks) it(name, run, timeout);
  });
}
