// Every package's tests in one run, with one tally at its end.
import { defineConfig } from 'vitest/config';
import FileOrder from './tools/src/file-order.ts';

export default defineConfig({
  test: {
    projects: [
      '{packages/*,packages/*/*,e2e,tools}/vitest.config.ts',
      'packages/backends/*/suites/vitest*.config.ts',
      'tools/vitest.webgpu.config.ts',
    ],
    maxWorkers: '100%',
    sequence: { sequencer: FileOrder },
    reporters: ['default', './tools/src/tally-reporter.ts'],
    passWithNoTests: true,
  },
});
