// Tests of the engines on WebGPU, on software Vulkan: right but slow, so at small shapes.
import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import shared from '../vitest.shared.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const tools = here('./src/swiftshader');

const config = mergeConfig(
  shared,
  defineConfig({
    test: {
      dir: here('..'),
      name: 'webgpu on SwiftShader',
      globalSetup: `${tools}/vitest-global.ts`,
      setupFiles: `${tools}/vitest-setup.ts`,
      pool: 'forks', // the driver is named by an environment variable, which worker threads have copies of
      testTimeout: 120_000,
    },
  }),
);
config.test = {
  ...config.test,
  include: ['packages/backends/{onnx,tfjs}/src/**/*.webgpu.test.ts', 'e2e/src/**/*.webgpu.test.ts'],
  exclude: ['**/node_modules/**', '**/dist/**'],
};

export default config;
