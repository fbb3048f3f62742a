// The runner: exit codes, reports, exclusions, and what makes it fail.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, type Backend, type FloatDType } from '@node-ode/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backendFactory } from './backends.ts';
import { titleOf, type Case } from './cases/case.ts';
import { allCases, casesMatching } from './cases/index.ts';
import { inProcess } from './host.ts';
import { oracleOn, relativeDifference, runCase } from './run-case.ts';
import { formatReport, isSuccess } from './report.ts';
import { main, runCases } from './runner.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'node-ode-e2e-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a command line prints and exits with. */
async function run(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await main(args, { log: (text) => out.push(text), error: (text) => err.push(text) });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('the command line', () => {
  it('runs every case on the reference engine, and writes them down', async () => {
    const json = join(folder, 'deep', 'report.json');
    const { code, out } = await run('--backend', 'reference', '--json', json);
    expect(out).toContain(`${allCases.length} agree, 0 differ, 0 failed, 0 excluded.`);
    for (const title of [
      'solver: tsit5 backwards, f32',
      'second order: adjoint, f64',
      'training: 20 steps of SGD, backprop, f64',
      'images: 8 steps of an ODE-Net, adjoint, f32',
      'sequences: 10 steps of a lstmCell and an ODE, f64',
    ]) {
      expect(out).toContain(title);
    }
    expect(code).toBe(0);
    const report = JSON.parse(await readFile(json, 'utf8')) as {
      readonly success: boolean;
      readonly outcomes: readonly { readonly runMs: number }[];
    };
    expect(report.success).toBe(true);
    expect(report.outcomes).toHaveLength(allCases.length);
    expect(report.outcomes.every(({ runMs }) => runMs > 0)).toBe(true);
  }, 240_000);

  it('has every solver both ways, every gradient method, forward mode, second order, training and sequences', () => {
    const titles = allCases.map(titleOf);
    for (const dtype of ['f32', 'f64']) {
      for (const solver of [
        'euler',
        'midpoint',
        'heun',
        'rk4',
        'rk4-3/8',
        'bosh3',
        'dopri5',
        'tsit5',
        'dopri8',
        'adams-bashforth-4',
        'adams-bashforth-moulton-4',
      ]) {
        expect(titles).toContain(`solver: ${solver} forwards, ${dtype}`);
        expect(titles).toContain(`solver: ${solver} backwards, ${dtype}`);
      }
      for (const method of ['backprop', 'adjoint', 'checkpointed', 'interpolating adjoint']) {
        expect(titles).toContain(`gradient: ${method} for y0, parameters and times, ${dtype}`);
        expect(titles).toContain(`forward mode: ${method}, for y0, parameters and times, ${dtype}`);
        for (const order of ['', ', forward over reverse', ', reverse over forward']) {
          expect(titles).toContain(`second order: ${method}${order}, ${dtype}`);
        }
        expect(titles).toContain(`training: 20 steps of SGD, ${method}, ${dtype}`);
      }
      for (const cell of ['rnnCell', 'gruCell', 'lstmCell']) {
        expect(titles).toContain(`sequences: 10 steps of a ${cell} and an ODE, ${dtype}`);
      }
    }
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('names the known backends when one is not known', async () => {
    const { code, err } = await run('--backend', 'reference,abacus');
    expect(code).toBe(2);
    expect(err).toMatch(/backend 'abacus'; expected one of reference, wasm, onnx-cpu/);
    expect((await run('--require', 'toString')).code).toBe(2);
  });

  it('refuses options that it does not have', async () => {
    const { code, err } = await run('--backends', 'reference');
    expect(code).toBe(2);
    expect(err).toMatch(/--backends/);
  });

  it('refuses a browser that is not there', async () => {
    const { code, err } = await run('--browser', '--backend', 'reference', '--chromium', join(folder, 'none'));
    expect(code).toBe(2);
    expect(err).toMatch(/--chromium is '.*none'; expected an executable file\. Install one/);
  });

  it('fails when a required backend is not available, and says why', async () => {
    const { code, out } = await run('--backend', 'reference', '--require', 'onnx-cuda', '--only', 'euler forwards');
    expect(out).toMatch(/onnx-cuda: .+ \(required\)/);
    expect(out).toContain('2 agree');
    expect(code).toBe(1);
  });

  it('succeeds when a backend that is not required is not available', async () => {
    const { code, out } = await run('--backend', 'reference', '--backend', 'onnx-cuda', '--only', 'euler forwards');
    expect(out).toMatch(/Not available:\n {2}onnx-cuda: .+/);
    expect(code).toBe(0);
  });

  it('fails when no case ran', async () => {
    const none = await run('--backend', 'reference', '--only', 'no such case');
    expect([none.code, none.out]).toEqual([1, expect.stringContaining('No case ran.')]);
    const unavailable = await run('--backend', 'onnx-cuda');
    expect([unavailable.code, unavailable.out]).toEqual([1, expect.stringContaining('No case ran.')]);
  });

  it('shows its usage', async () => {
    const { code, out } = await run('--help');
    expect(code).toBe(0);
    expect(out).toContain('--require NAME');
  });
});

const reference = backendFactory('reference');

/** The reference engine with some members replaced. */
const altered = (change: (base: Backend) => Partial<Backend>) => async (): Promise<Backend> => {
  const base = await reference();
  return { ...base, ...change(base) };
};

const lacking = altered((base) => ({ capabilities: { ...base.capabilities, dtypes: ['f32', 'i32', 'bool'] } }));

const withoutSin = altered((base) => ({
  compile: (graph) =>
    JSON.stringify(graph).includes('"tanh"')
      ? Promise.reject(
          Object.assign(new Error("compile: primitive 'tanh'; expected one that this engine has."), {
            code: 'UNSUPPORTED',
          }),
        )
      : base.compile(graph),
}));

const wrong = altered((base) => ({
  upload: (given) =>
    base.upload(
      given.dtype === 'f32'
        ? array(
            given.data.map((x) => x * 1.001),
            { shape: given.shape, dtype: 'f32' },
          )
        : given,
    ),
}));

const crashing = altered(() => ({ compile: () => Promise.reject(new Error('the engine fell over')) }));

describe('a backend that is not the reference engine', () => {
  const report = async (make: () => Promise<Backend>, only: string) =>
    runCases({ backends: ['mine'], required: [] }, casesMatching(only), await inProcess({ mine: make }));

  it('is excluded from cases whose dtype it lacks, which is no failure', async () => {
    const found = await report(lacking, 'solver: euler');
    expect(found.outcomes.map(({ result, reason }) => [result, reason])).toEqual([
      ['agrees', undefined],
      ['excluded', 'dtype f64'],
      ['agrees', undefined],
      ['excluded', 'dtype f64'],
    ]);
    expect(isSuccess(found)).toBe(true);
    expect(formatReport(found)).toMatch(
      /Excluded \(what the backend lacks\):\n {2}mine, solver: euler forwards, f64: dtype f64/,
    );
  });

  it('is excluded from cases whose primitive it lacks, by name', async () => {
    const found = await report(withoutSin, 'gradient: backprop');
    expect(found.outcomes.map(({ result }) => result)).toEqual(['excluded', 'excluded']);
    expect(formatReport(found)).toContain("primitive 'tanh'");
    expect(isSuccess(found)).toBe(false); // no case ran
  });

  it('fails by wrong numbers', async () => {
    const found = await report(wrong, 'dopri5 forwards, f32');
    expect(found.outcomes[0]).toMatchObject({
      result: 'differs',
      reason: expect.stringMatching(/off the reference engine; expected 0.0001/) as string,
    });
    expect(isSuccess(found)).toBe(false);
  });

  it('fails by an error, which the report quotes', async () => {
    const found = await report(crashing, 'euler forwards, f32');
    expect(found.outcomes[0]).toMatchObject({ result: 'failed', reason: 'the engine fell over' });
    expect(isSuccess(found)).toBe(false);
  });
});

describe('a case', () => {
  const constant = (values: readonly number[], rest: Partial<Case> = {}): Case => ({
    group: 'test',
    name: 'constant',
    dtype: 'f64' satisfies FloatDType,
    prepare: () => () => Promise.resolve([array(values, { dtype: 'f64' })]),
    tolerance: 1e-9,
    ...rest,
  });
  const outcome = async (c: Case) => runCase(c, 'reference', await reference(), oracleOn(await reference()));

  it('is held to the truth as well', async () => {
    const truth = { values: [1, 2], tolerance: 1e-3 };
    expect(await outcome(constant([1, 2.0005], { truth }))).toMatchObject({
      result: 'agrees',
      error: expect.closeTo(2.5e-4, 8) as number,
    });
    expect(await outcome(constant([1, 2.1], { truth }))).toMatchObject({
      result: 'differs',
      reason: expect.stringContaining('off the truth') as string,
    });
    expect(await outcome(constant([1], { truth }))).toMatchObject({ result: 'differs' });
    expect(await outcome(constant([1, NaN], { truth }))).toMatchObject({ result: 'differs' });
  });

  it('may complain about its results itself', async () => {
    expect(await outcome(constant([1], { complaint: () => 'too dull' }))).toMatchObject({
      result: 'differs',
      reason: 'too dull',
    });
  });

  it('is compared relative to the largest element', () => {
    expect(relativeDifference([1, 100], [1.5, 100])).toBe(0.005);
    expect(relativeDifference([0, 0], [0, 0])).toBe(0);
    expect(relativeDifference([1], [1, 2])).toBeNaN();
    expect(relativeDifference(undefined, [1])).toBeNaN();
    expect(relativeDifference([NaN], [1])).toBeNaN();
  });
});
