/** The conformance suites of every solver and gradient method on a backend of tfjs, as a project of vitest. */
import { fileURLToPath } from 'node:url';
import { mergeConfig, type Plugin } from 'vite';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import shared from '../../../../vitest.shared.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What f32 is held to: the one import of the reference engine that stays. */
const oracle = here('../../../testkit/src/support/precision.ts');

/** Puts a module in the place of the reference engine, but for the oracle of the suites. */
const standIn = (module: string): Plugin => ({
  name: 'stand-in for the reference engine',
  enforce: 'pre',
  resolveId: (source, importer) =>
    source === '@node-ode/backend-reference' && importer !== oracle ? here(module) : undefined,
});

/**
 * The project in which `module` stands for the reference engine. It runs the suites alone: tests beside them are in f64, which
 * tfjs does not have.
 */
export function suitesOn(engine: string, module: string): ViteUserConfig {
  const config = mergeConfig(
    shared,
    defineConfig({
      plugins: [standIn(module)],
      test: {
        name: `solvers and gradients on ${engine}`,
        dir: here('../../..'),
        isolate: false,
        testNamePattern: /^(solver|gradient method) /,
      },
    }),
  );
  config.test = { ...config.test, include: ['{solvers,gradients}/*/src/**/*.test.ts'] };
  return config;
}
