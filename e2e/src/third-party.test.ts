// A third party's solvers pass the conformance suite, against the packed tarballs of core and testkit alone.
import { access, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, thirdPartyProject, type ThirdPartyProject } from './third-party-project.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe("a third party's solvers, outside the workspace", () => {
  let project: ThirdPartyProject | undefined;
  const theirs = (): ThirdPartyProject => project as ThirdPartyProject;

  beforeAll(async () => {
    await build('packages/testkit/tsconfig.lib.json');
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

  it('passes the conformance suite, Cash–Karp and a two-step method', async () => {
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
    for (const solver of ['cash-karp', 'adams-bashforth-2']) {
      const own = tests.filter(({ fullName }) => fullName.includes(`solver ${solver}`));
      expect(own.length).toBeGreaterThan(15);
      expect(own.map(({ fullName }) => fullName)).toContainEqual(expect.stringContaining("has its order on y' = Ay"));
    }
    expect(code).toBe(0);
  }, 180_000);
});
