import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSession, type Session } from '../../test/session.ts';
import { knownEngines } from '../engines/known.ts';
import { engineNames, readReport } from '../engines/list.ts';
import type { EngineReport } from '../engines/probe.ts';

let session: Session;
beforeAll(async () => {
  session = await startSession();
});
afterAll(() => session.end());

const engine = (body: string): string => `export const mine = () => ({
  name: 'mine', capabilities: { dtypes: ['f64', 'f32', 'i32', 'bool'], composites: [] },
  upload: async (array) => ({ ...array, backend: 'mine', read: async () => array, dispose() {} }),
  download: (array) => array.read(), dispose: async () => {}, compile: async () => { ${body} },
});`;

describe('node-ode backends', () => {
  it('tries one', async () => {
    const { code, stdout } = await session.run(['backends', 'wasm', '--json']);
    const [report] = JSON.parse(stdout) as readonly EngineReport[];
    expect(code).toBe(0);
    expect(report).toMatchObject({
      name: 'wasm',
      works: true,
      package: '@node-ode/backend-wasm',
      dtypes: ['f32', 'f64', 'i32', 'bool'],
    });
    expect(report?.error).toBeLessThan(1e-5);
    expect(report?.milliseconds).toBeGreaterThan(0);
    expect((await session.run(['backends', 'reference'])).stdout).toMatch(/^engine +dtypes.*\nreference +f32 f64/);
  });

  it('knows the engines of ONNX Runtime and tfjs by name', { timeout: 120_000 }, async () => {
    for (const name of ['onnx-cpu', 'tfjs-cpu', 'tfjs-wasm']) {
      const { stdout, stderr } = await session.run(['backends', name, '--json']);
      expect(stderr).toBe('');
      const [report] = JSON.parse(stdout) as readonly EngineReport[];
      expect(report).toMatchObject({ name, works: true });
      expect(report?.runtime).toMatch(/^(onnxruntime-node|tfjs-core) \d/);
    }
    const gpu = await session.run(['backends', 'onnx-cuda', '--json']);
    expect(gpu.code).toBe(5);
    expect(JSON.parse(gpu.stdout)).toMatchObject({ error: { code: 'PLUGIN' } });
    expect(gpu.stderr).toContain('backends: onnx-cuda does not work here: onnx: ');
  });

  it('tells of an engine that fails, or computes something else', async () => {
    await session.file('refuses.mjs', engine("throw Object.assign(new Error('no device'), { code: 'UNSUPPORTED' });"));
    const refused = await session.run(['backends', './refuses.mjs']);
    expect(refused).toMatchObject({ code: 5, stdout: '' });
    expect(refused.stderr).toContain('./refuses.mjs does not work here: no device');
    const zeros = `return { run: async () => [0, 0].map(() => ({ shape: [], dtype: 'f64', backend: 'mine', dispose() {}, read: async () => ({ kind: 'array', shape: [], dtype: 'f64', data: Float64Array.of(0) }) })), dispose() {} };`;
    await session.file('zeros.mjs', engine(zeros));
    const wrong = await session.run(['backends', './zeros.mjs']);
    expect(wrong.code).toBe(5);
    const missing = await session.run(['backends', 'wasn']);
    expect(missing.code).toBe(5);
    expect(missing.stderr).toContain('Did you mean wasm?');
  });

  it('lists ours first, then all that packages declare', async () => {
    const names = await engineNames({
      cwd: session.folder,
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
      env: {},
      signal: new AbortController().signal,
    });
    expect(names.map(({ name }) => name)).toEqual(knownEngines.map(({ name }) => name));
    expect(names.every(({ isInstalled }) => isInstalled)).toBe(true);
  });

  it('finds the report between what libraries write', () => {
    expect(readReport('a', 'noise\n[{"name":"a","works":true}]\nmore {')).toEqual({ name: 'a', works: true });
    expect(readReport('a', '{"error":{"code":"PLUGIN","message":"backends: a does not work here: no GPU."}}')).toEqual({
      name: 'a',
      works: false,
      problem: 'no GPU.',
    });
    expect(readReport('a', '')).toBeUndefined();
  });

  const built = new URL('../../dist/engines/list.js', import.meta.url);
  it.skipIf(!existsSync(built))('tries an engine in a process of its own', { timeout: 120_000 }, async () => {
    await session.file('node_modules/dies/index.js', 'export const dies = () => process.abort();');
    await session.file(
      'node_modules/dies/package.json',
      '{"name":"dies","version":"1.0.0","type":"module","main":"index.js","node-ode":{"backend":"dies"}}',
    );
    const script = `const { listEngine } = await import(${JSON.stringify(built.href)});
      const io = { cwd: process.cwd(), signal: new AbortController().signal };
      console.log(JSON.stringify([await listEngine('wasm', true, io), await listEngine('dies#dies', true, io), await listEngine('tfjs-node', false, io)]));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      cwd: session.folder,
    });
    const found = JSON.parse(stdout) as readonly EngineReport[];
    expect(found).toMatchObject([
      { name: 'wasm', works: true, isInstalled: true },
      { name: 'dies#dies', works: false, isInstalled: true },
      { name: 'tfjs-node', works: false, isInstalled: false, install: expect.stringContaining('npm install') },
    ]);
    expect(found[1]?.problem).toContain('SIGABRT');
  });
});

describe('node-ode plugins', () => {
  it('lists what packages declare, by kind', async () => {
    const { stdout } = await session.run(['plugins', 'solver', '--json']);
    const found = JSON.parse(stdout) as readonly {
      readonly kind: string;
      readonly name: string;
      readonly package: string;
    }[];
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['solver']));
    expect(found).toContainEqual(
      expect.objectContaining({
        name: 'rk4-three-eighths',
        exported: 'rk4ThreeEighths',
        package: '@node-ode/solver-rk4',
      }),
    );
    expect((await session.run(['plugins'])).stdout).toMatch(/^kind +name +package +version\nsolver/);
    expect(await session.run(['plugins', 'solvers'])).toMatchObject({ code: 2 });
  });

  it('finds one in the folder of the user', async () => {
    await session.file(
      'node_modules/node-ode-solver-mine/index.js',
      'export const mine = () => ({ name: "mine", order: 1, init() {}, step() {}, interpolate() {} });',
    );
    await session.file(
      'node_modules/node-ode-solver-mine/package.json',
      '{"name":"node-ode-solver-mine","version":"3.2.1","type":"module","main":"index.js","node-ode":{"solver":"mine"}}',
    );
    expect((await session.run(['plugins', 'solver'])).stdout).toMatch(/^solver +mine +node-ode-solver-mine +3\.2\.1$/m);
    const checked = await session.run(['plugins', '--check', 'mine', '--kind', 'solver', '--json']);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      kind: 'solver',
      source: 'node-ode-solver-mine',
      version: '3.2.1',
      facts: { name: 'mine', order: 1 },
    });
    const wrong = await session.run(['plugins', '--check', 'mine', '--kind', 'gradient']);
    expect(wrong.code).toBe(5);
    expect((await session.run(['plugins', '--check', 'mine'])).code).toBe(2);
  });
});
