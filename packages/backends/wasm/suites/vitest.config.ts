// The tests of every solver, gradient method and layer, run on this engine: it takes the place of the reference engine.
import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import shared from '../../../../vitest.shared.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const config = mergeConfig(
  shared,
  defineConfig({
    resolve: { alias: { '@node-ode/backend-reference': here('./reference.ts') } },
    test: { name: 'solvers, gradients and layers on wasm', dir: here('../../..') },
  }),
);
config.test = {
  ...config.test,
  include: ['{solvers,gradients}/*/src/**/*.test.ts', 'nn/src/{activations,layers,recurrent}/**/*.test.ts'],
};

export default config;
