// A vitest reporter whose last line tells, for the whole run: `N passed, N failed, N skipped`. CI reads that line.
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/** How many tests ended in each way. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts the tests of a run. A file that fails without a failing test of its own (it does not load, a hook throws) counts
 * as one failure, and so does each error that no test caught: a run that fails never says `0 failed`.
 */
export const tally = (modules: readonly TestModule[], unhandled: readonly SerializedError[] = []): Tally => {
  const count = { passed: 0, failed: unhandled.length, skipped: 0 };
  for (const module of modules) {
    let failures = 0;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'failed') failures++;
      else if (state === 'passed') count.passed++;
      else count.skipped++;
    }
    count.failed += module.ok() ? failures : Math.max(failures, 1);
  }
  return count;
};

/** The reporter: vitest makes one and calls it when the run has ended. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const { passed, failed, skipped } = tally(modules, unhandled);
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  }
}
