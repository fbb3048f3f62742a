/** The bridge to vitest: a suite's checks as tests. */
import { describe, it } from 'vitest';
import type { Check } from './check.ts';

/** What every suite lets its caller choose. */
export interface SuiteOptions {
  /** Milliseconds that each check may take; 60 000 by default. */
  readonly timeout?: number;
}

/** Declares `describe(title)` with one test for each check. */
export function declareSuite(title: string, checks: readonly Check[], { timeout = 60_000 }: SuiteOptions = {}): void {
  describe(title, () => {
    for (const { name, run } of checks) it(name, run, timeout);
  });
}
