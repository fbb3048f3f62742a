// Each generator in a workspace of its own: what it makes type-checks, lints, is formatted, and passes its suite as it is.
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flushChanges, FsTree } from 'nx/src/generators/tree.js';
import * as generators from '../generators/generate.mjs';
import { generatedWorkspace, type GeneratedWorkspace } from './generated-workspace.ts';

const folders = {
  solver: 'packages/solvers',
  controller: 'packages/controllers',
  gradient: 'packages/gradients',
  backend: 'packages/backends',
  model: 'packages/models',
  dataset: 'packages/data',
} as const;
const kinds = Object.keys(folders) as readonly (keyof typeof folders)[];
const made = kinds.map((kind) => `${folders[kind]}/my-own`);

let workspace: GeneratedWorkspace | undefined;
const ours = (): GeneratedWorkspace => workspace!;
const json = async (path: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(ours().folder, path), 'utf8')) as Record<string, unknown>;

beforeAll(async () => {
  workspace = await generatedWorkspace();
  // One by its command, as everybody would; nx takes seconds to start.
  const { code, output } = await ours().run(
    'nx/dist/bin/nx.js',
    'g',
    '@node-ode/tools:solver',
    'my-own',
    '--install=false',
  );
  expect(output).toContain('CREATE packages/solvers/my-own/src/index.ts');
  expect(output).toContain('@node-ode/solver-my-own is in packages/solvers/my-own');
  expect(code).toBe(0);
  for (const kind of kinds.filter((other) => other !== 'solver')) {
    const tree = new FsTree(ours().folder, false);
    await generators[kind](tree, { name: 'my-own', install: false });
    flushChanges(ours().folder, tree.listChanges());
  }
  for (const kind of kinds) await ours().link(`@node-ode/${kind}-my-own`, `${folders[kind]}/my-own`);
}, 120_000);

afterAll(() => workspace?.remove());

describe('generated packages', () => {
  it.each(kinds)('a %s can be found by its name, and is part of the workspace', async (kind) => {
    const manifest = await json(`${folders[kind]}/my-own/package.json`);
    expect(manifest['name']).toBe(`@node-ode/${kind}-my-own`);
    expect(manifest['node-ode']).toEqual({ [kind]: 'myOwn' });
    const { workspaces } = await json('package.json');
    expect(workspaces).toContain(`${folders[kind]}/*`);
    const { references } = await json('tsconfig.json');
    expect(references).toContainEqual({ path: `./${folders[kind]}/my-own` });
    await access(join(ours().folder, `.changeset/${kind}-my-own.md`));
  });

  it('have no errors of types', async () => {
    const { code, output } = await ours().run('typescript/bin/tsc', '-b', ...made);
    expect(output).toBe('');
    expect(code).toBe(0);
  }, 120_000);

  it('have nothing to complain of for lint, layers included', async () => {
    const { code, output } = await ours().run('eslint/bin/eslint.js', '--max-warnings', '0', ...made);
    expect(output).toBe('');
    expect(code).toBe(0);
  }, 120_000);

  it('are formatted, and so is what they changed', async () => {
    const changed = ['.changeset', 'package.json', 'tsconfig.json'];
    const { output, code } = await ours().run('prettier/bin/prettier.cjs', '--check', ...made, ...changed);
    expect(output).toContain('All matched files use Prettier code style!');
    expect(code).toBe(0);
  }, 60_000);

  it('pass their tests, the suite of their kind among them', async () => {
    const { code, output } = await ours().run('vitest/vitest.mjs', 'run', '--reporter=json');
    const report = JSON.parse(output.slice(output.indexOf('{"num'), output.lastIndexOf('}') + 1)) as {
      readonly testResults: readonly {
        readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
      }[];
    };
    const tests = report.testResults.flatMap((file) => file.assertionResults);
    expect(tests.filter(({ status }) => status !== 'passed')).toEqual([]);
    for (const suite of ['solver', 'step controller', 'gradient method', 'model', 'data set']) {
      const own = tests.filter(({ fullName }) => fullName.startsWith(`${suite} my-own `));
      expect(own.length, suite).toBeGreaterThan(4);
    }
    expect(tests.filter(({ fullName }) => fullName.startsWith('backend my-own ')).length).toBeGreaterThan(100);
    expect(code).toBe(0);
  }, 240_000);

  it('show in their READMEs what runs', async () => {
    for (const folder of made) {
      const readme = await readFile(join(ours().folder, folder, 'README.md'), 'utf8');
      expect(readme).not.toContain('<%');
      expect(readme.match(/^```ts$/gm)).toHaveLength(1);
    }
  });
});

describe('a generator refuses', () => {
  const refusal = async (name: string, kind: keyof typeof folders = 'solver'): Promise<string> => {
    const tree = new FsTree(ours().folder, false);
    const outcome = await generators[kind](tree, { name, install: false }).then(
      () => 'nothing',
      (error: unknown) => String(error),
    );
    expect(tree.listChanges()).toEqual([]);
    return outcome;
  };

  it.each([
    ['Cash Karp', 'lower case with hyphens'],
    ['../escape', 'lower case with hyphens'],
    ['2nd', 'begins with a letter'],
    ['class', 'a word of JavaScript'],
    ['runge-kutta', 'the example imports another rungeKutta'],
    ['my-own', 'packages/solvers/my-own exists'],
  ])('the name %s', async (name, reason) => {
    expect(await refusal(name)).toContain(reason);
  });
});
