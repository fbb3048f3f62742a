// What every package's vitest.config.ts is: tests run from source, siblings resolved by the `@node-ode/source` condition.
import { defaultServerConditions } from 'vite';
import { configDefaults, defineConfig, mergeConfig } from 'vitest/config';

const shared = defineConfig({
  ssr: { resolve: { conditions: ['@node-ode/source', ...defaultServerConditions] } },
  test: {
    include: ['src/**/*.test.ts'],
    // These run on software Vulkan: tools/vitest.webgpu.config.ts.
    exclude: [...configDefaults.exclude, '**/*.webgpu.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: true,
  },
});

export default shared;

/** For packages whose tests leave nothing behind: their files share a process, and what it has imported. */
export const oneProcess = mergeConfig(shared, defineConfig({ test: { isolate: false } }));
