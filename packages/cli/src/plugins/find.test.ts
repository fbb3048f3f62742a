import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ioIn } from '../../test/io.ts';
import { startSession, type Session } from '../../test/session.ts';
import { PluginError, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { findPlugin } from './find.ts';
import { installedPlugins } from './installed.ts';
import type { PluginKind } from './kinds.ts';
import { makePlugin } from './make.ts';

let session: Session;
let io: Io;

/** A solver in plain JavaScript, as a third party would write it. */
const solver = (name: string): string =>
  `export const ${name} = (options = {}) => {
    const { theta = 1 } = options;
    return { name: '${name}' + theta, order: 1, hasErrorEstimate: false, fsal: false, needsUniformStep: false, init() {}, step() {}, interpolate() {} };
  };\n`;

async function install(name: string, source: string, field?: unknown): Promise<void> {
  const folder = join(session.folder, 'node_modules', name);
  await mkdir(folder, { recursive: true });
  const json = {
    name,
    version: '1.2.3',
    type: 'module',
    exports: './index.js',
    ...(field === undefined ? {} : { 'node-ode': field }),
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(json));
  await writeFile(join(folder, 'index.js'), source);
}

beforeAll(async () => {
  session = await startSession();
  io = ioIn(session.folder);
  await install('one-solver', solver('lonely'));
  await install('two-solvers', solver('first') + solver('second'));
  await install('@scope/declared', solver('first') + solver('second'), { solver: ['second', 'first'] });
  await install('node-ode-solver-short', solver('short'), { solver: 'short' });
  await install('no-solver', 'export const answer = () => 42;\n');
  await install('broken', "import 'not-installed-anywhere';\n", { solver: 'x' });
  await install('odd-field', solver('odd'), { slover: 'odd' });
  await session.file('mine.js', solver('mine'));
});
afterAll(() => session.end());

const nameOf = async (spec: Parameters<typeof makePlugin>[1]): Promise<string> => {
  const { value } = await makePlugin('solver', spec, io);
  return value.name;
};

describe('a plugin is found', () => {
  it.each([
    ['by a path', './mine.js', 'mine1'],
    ['by a path and an export', './mine.js#mine', 'mine1'],
    ['by a package without the field', 'one-solver', 'lonely1'],
    ['by a package with the field: the first', '@scope/declared', 'second1'],
    ['by a package and an export', 'two-solvers#first', 'first1'],
    ['by a short name of a third party', 'short', 'short1'],
    ['by a short name of ours', 'dopri5', 'dopri5'],
    ['by an export of an installed package', 'rk4-three-eighths', 'rk4-3/8'],
  ])('%s', async (_, name, expected) => {
    expect(await nameOf(name)).toBe(expected);
  });

  it('with its options', async () => {
    expect(await nameOf({ name: './mine.js', theta: 7 })).toBe('mine7');
  });

  it.each<[PluginKind, string, string]>([
    ['controller', 'pid', '@node-ode/core'],
    ['gradient', 'adjoint', '@node-ode/gradient-adjoint'],
    ['model', 'latent-ode', '@node-ode/model-latent-ode'],
    ['dataset', 'two-moons', '@node-ode/datasets'],
    ['dataset', '@node-ode/datasets#twoMoons', '@node-ode/datasets'],
    ['dataset', '@node-ode/datasets/node#loadMnist', '@node-ode/datasets/node'],
    ['optimizer', 'adamw', '@node-ode/nn'],
    ['schedule', 'cosine-decay', '@node-ode/nn'],
    ['backend', 'wasm', '@node-ode/backend-wasm'],
  ])('of the kind %s: %s is of %s', async (kind, name, source) => {
    expect((await findPlugin(kind, name, io)).source).toBe(source);
  });
});

it('an engine around another one gets wasm, or the one that its options name', async () => {
  await session.file(
    'around.js',
    'export const around = async ({ engine }) => ({ ...(await engine), name: `around ${(await engine).name}` });\n',
  );
  const named = async (spec: Parameters<typeof makePlugin>[1]): Promise<string> => {
    const { value } = await makePlugin('backend', spec, io);
    await value.dispose();
    return value.name;
  };
  const [wasm, reference] = [await named('wasm'), await named('reference')];
  expect(await named('./around.js')).toBe(`around ${wasm}`);
  expect(await named({ name: './around.js#around', engine: 'reference' })).toBe(`around ${reference}`);
  await expect(named({ name: './around.js#around', engine: 'rference' })).rejects.toThrow('Did you mean reference?');
  await expect(named({ name: 'wasm', engine: 'reference' })).rejects.toThrow('“engine”');
});

describe('what is no plugin', () => {
  it.each([
    ['./nothing.js', 'there is no module ./nothing.js'],
    ['two-solvers', 'exports several that make a solver'],
    ['two-solvers#third', 'has no function “third”'],
    ['two-solvers/more', 'has no module “more”'],
    ['no-solver', 'exports nothing that makes a solver'],
    ['no-solver#answer', 'does not make a solver'],
    ['broken', "can't be imported: Cannot find package 'not-installed-anywhere'"],
    ['odd-field', 'has the kind “slover”'],
    ['dopri55', 'Did you mean dopri5?'],
    ['./package.json', 'there is no module ./package.json'],
    ['', 'is not installed'],
  ])('%s is an error that says what to do', async (name, message) => {
    const failed = makePlugin('solver', name, io);
    await expect(failed).rejects.toThrow(PluginError);
    await expect(failed).rejects.toThrow(message);
  });

  it('an option that the factory does not read is an error', async () => {
    await expect(nameOf({ name: './mine.js', tehta: 7 })).rejects.toThrow(UsageError);
    await expect(nameOf({ name: './mine.js', tehta: 7 })).rejects.toThrow(
      'takes no option “tehta”; expected one of theta',
    );
    await expect(nameOf({ name: 'dopri5', h: 1 })).rejects.toThrow('expected no options');
    // one that is read only when a step is taken is not known by then
    await session.file(
      'late.js',
      "export const late = (options) => ({ name: 'late', order: 1, init() {}, step: () => options.theta, interpolate() {} });\n",
    );
    await expect(nameOf({ name: './late.js', theta: 7 })).rejects.toThrow('takes no option “theta”');
  });
});

it('lists what packages declare', async () => {
  const other = await startSession();
  try {
    const folder = join(other.folder, 'node_modules', 'listed');
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'listed', version: '2.0.0', 'node-ode': { dataset: 'tides' } }),
    );
    const found = await installedPlugins(ioIn(other.folder));
    expect(found.find(({ exported }) => exported === 'tides')?.from.version).toBe('2.0.0');
    expect(found.some(({ exported, kind }) => exported === 'dopri5' && kind === 'solver')).toBe(true);
  } finally {
    await other.end();
  }
});
