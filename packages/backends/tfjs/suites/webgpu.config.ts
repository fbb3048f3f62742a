// `npm run suites:webgpu`: on software Vulkan these take too long to be among the tests.
import { fileURLToPath } from 'node:url';
import { suitesOn } from './suite.ts';

const swiftShader = fileURLToPath(new URL('../../../../tools/src/swiftshader', import.meta.url));
const config = suitesOn('tfjs-webgpu', './webgpu.ts');
config.test = {
  ...config.test,
  globalSetup: `${swiftShader}/vitest-global.ts`,
  setupFiles: `${swiftShader}/vitest-setup.ts`,
  pool: 'forks', // the driver is named by an environment variable, which worker threads have copies of
  maxWorkers: 1,
  env: { NODE_ODE_CHECK_TIMEOUT: '600000' },
  testTimeout: 600_000,
  hookTimeout: 600_000,
};

export default config;
