// A third party's plugins, one of each kind, pass the conformance suites against the packed tarballs alone, and are of use.
import { access, copyFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, execute, installedPackages, root } from './packed.ts';
import { thirdPartyProject, type ThirdPartyProject } from './third-party-project.ts';

describe("a third party's plugins, outside the workspace", () => {
  let project: ThirdPartyProject | undefined;
  let user = '';
  const theirs = (): ThirdPartyProject => project as ThirdPartyProject;

  beforeAll(async () => {
    await build('packages/testkit/tsconfig.lib.json', 'packages/cli/tsconfig.lib.json');
    project = await thirdPartyProject();
  }, 300_000);

  afterAll(async () => {
    await project?.remove();
  });

  it('has nothing but the packed packages', async () => {
    expect(relative(root, theirs().folder).startsWith('..')).toBe(true);
    const installed = await readdir(join(theirs().folder, 'node_modules/@node-ode'));
    expect(installed.sort()).toEqual(['backend-reference', 'core', 'testkit']);
    await expect(access(join(theirs().folder, 'node_modules/@node-ode/core/src'))).rejects.toThrow();
  });

  it('checks its types against the packed declarations', async () => {
    const { code, output } = await theirs().run('tsc', '-p', 'tsconfig.json');
    expect(output.trim()).toBe('');
    expect(code).toBe(0);
  }, 120_000);

  it('passes the conformance suites, a plugin of each kind', async () => {
    const { code, output } = await theirs().run('vitest', 'run', '--reporter=json');
    const report = JSON.parse(output.slice(output.indexOf('{"num'), output.lastIndexOf('}') + 1)) as {
      readonly numTotalTests: number;
      readonly numPassedTests: number;
      readonly testResults: readonly {
        readonly assertionResults: readonly {
          readonly fullName: string;
          readonly status: string;
          readonly failureMessages: readonly string[];
        }[];
      }[];
    };
    const tests = report.testResults.flatMap((file) => file.assertionResults);
    expect(tests.filter(({ status }) => status !== 'passed')).toEqual([]);
    const suites = {
      'solver cash-karp': 15,
      'solver adams-bashforth-2': 15,
      'step controller halving': 15,
      'gradient method square-root': 20,
      'backend counted': 100,
      'model linear-flow': 4,
      'data set squares': 9,
    };
    for (const [suite, least] of Object.entries(suites)) {
      const own = tests.filter(({ fullName }) => fullName.startsWith(`${suite} `));
      expect(own.length, suite).toBeGreaterThan(least);
    }
    for (const solver of ['cash-karp', 'adams-bashforth-2']) {
      const own = tests.filter(({ fullName }) => fullName.startsWith(`solver ${solver} `));
      expect(own.map(({ fullName }) => fullName)).toContainEqual(expect.stringContaining("has its order on y' = Ay"));
    }
    expect(code).toBe(0);
  }, 180_000);

  it('is packed, installed by a user, and does its part of createOde', async () => {
    user = await theirs().publish();
    expect(await installedPackages(user)).toEqual([
      '@node-ode/backend-reference',
      '@node-ode/core',
      'third-party-plugins',
    ]);
    await copyFile(join(root, 'e2e/third-party/use.mjs'), join(user, 'use.mjs'));
    const { code, output } = await execute(process.execPath, ['use.mjs'], user);
    expect(code, output).toBe(0);
    const found = JSON.parse(output) as {
      readonly solved: number;
      readonly stepped: number;
      readonly losses: readonly number[];
      readonly work: { readonly compiled: number; readonly runs: number };
    };
    expect(Math.abs(found.solved - Math.exp(-1))).toBeLessThan(1e-7);
    // of order 2, with steps of 1/512
    expect(Math.abs(found.stepped - Math.exp(-1))).toBeLessThan(1e-5);
    expect(found.losses).toHaveLength(20);
    expect(found.losses.at(-1)).toBeLessThan(0.5 * found.losses[0]!);
    // two solves, and a step of training that was compiled once
    expect(found.work).toEqual({ compiled: 3, runs: 22 });
  }, 120_000);

  // The command line is elsewhere, with a core of its own, as one that is installed globally.
  it('is found by the command line, by the names of its plugins', async () => {
    const nodeOde = async (...args: readonly string[]): Promise<unknown> => {
      const bin = join(root, 'packages/cli/dist/bin.js');
      const { code, output } = await execute(process.execPath, [bin, ...args, '--json'], user);
      expect(code, output).toBe(0);
      const line = output.split('\n').find((text) => text.startsWith('{') || text.startsWith('['));
      return JSON.parse(line ?? 'null');
    };
    const plugins = (await nodeOde('plugins')) as readonly { readonly package: string; readonly exported: string }[];
    const theirPlugins = plugins.filter((plugin) => plugin.package === 'third-party-plugins');
    expect(theirPlugins.map(({ exported }) => exported).sort()).toEqual([
      'adamsBashforth2',
      'cashKarp',
      'counted',
      'halving',
      'linearFlow',
      'squareRoot',
      'squares',
    ]);
    const named = ['--solver', 'cash-karp', '--controller', 'halving', '--gradient', 'square-root'];
    const trained = await nodeOde(
      ...['train', '--data-set', 'squares', '--model', 'linear-flow', '--backend', 'counted', ...named],
      ...['--epochs', '5', '--out', 'run'],
    );
    expect(trained).toMatchObject({ steps: 20, test: { rmse: expect.any(Number) as number } });
    const evaluated = await nodeOde('evaluate', 'run/model.safetensors');
    expect(evaluated).toMatchObject({
      samples: 50,
      engine: 'cash-karp on counted, f32, halving; gradient square-root',
    });
  }, 120_000);
});
