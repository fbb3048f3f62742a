// One flat config for the workspace. The layers below are the architecture: who may import whom, in shipped code.
import js from '@eslint/js';
import { createProjectGraphAsync } from '@nx/devkit';
import nx from '@nx/eslint-plugin';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Each layer (the `layer:*` nx tag of a package) with the layers that its shipped code may import. */
const layers = {
  core: [],
  driver: ['core'],
  backend: ['core', 'driver'],
  solver: ['core'],
  controller: ['core'],
  gradient: ['core'],
  nn: ['core'],
  model: ['core', 'nn'],
  datasets: ['core'],
  dataset: ['core', 'datasets'],
  train: ['core'],
  viz: ['core'],
  testkit: ['core', 'backend'], // it holds backends against the reference engine
  app: ['*'],
};

const tag = (layer) => (layer === '*' ? '*' : `layer:${layer}`);
const shipped = Object.entries(layers).map(([layer, allowed]) => ({
  sourceTag: tag(layer),
  onlyDependOnLibsWithTags: allowed.map(tag),
  ...(layer === 'core' ? { bannedExternalImports: ['*'] } : {}),
}));
const tests = [{ sourceTag: '*', onlyDependOnLibsWithTags: ['*'] }];

// Tests may close a circle (core's run on the reference engine), and nx's graph knows packages, not files: the layers forbid the rest.
const names = Object.keys(layers).map((layer) => `tag:${tag(layer)}`);
const ignoredCircularDependencies = names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b]));

const boundaries = (depConstraints) => ['error', { depConstraints, ignoredCircularDependencies }];

// The boundary rule reads nx's project graph from a cache, and passes everything where there is none: make it first.
await createProjectGraphAsync();

export default defineConfig(
  {
    ignores: [
      '**/dist/',
      '**/node_modules/',
      '.nx/',
      'coverage/',
      'output/',
      'packages/backends/onnx/src/model/generated/',
    ],
  },
  js.configs.recommended,
  tseslint.configs.strict,
  {
    plugins: { '@nx': nx },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      'no-loss-of-precision': 'off', // coefficients stand as their papers print them
      '@typescript-eslint/no-non-null-assertion': 'off', // the price of noUncheckedIndexedAccess in numeric loops
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly' } },
  },
  {
    files: ['**/src/**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@nx/enforce-module-boundaries': boundaries(shipped),
    },
  },
  {
    files: ['**/*.test.ts', '**/*.test-d.ts'],
    rules: { '@nx/enforce-module-boundaries': boundaries(tests) },
  },
);
