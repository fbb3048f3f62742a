import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { array, type HostArray, type Tensor } from '@node-ode/core';
import { loadOnnx } from '@node-ode/backend-onnx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSession, type Session } from '../../test/session.ts';
import { allowedFor, differenceOf, worstOf } from '../export/compare.ts';

let session: Session;
beforeAll(async () => {
  session = await startSession();
  const train = async (preset: string, out: string, ...flags: string[]) => {
    const { code, stderr } = await session.run(['train', preset, '--steps', '3', '--out', out, ...flags]);
    if (code !== 0) throw new Error(stderr);
  };
  await train('breast-cancer', 'cancer');
  await train('moons-cnf', 'moons', '--set', 'model.hidden=[8]', '--batch-size', '32');
  await train('lynx-hare', 'lynx');
}, 120_000);
afterAll(() => session.end());

/** Exports, and loads the file. */
async function exported(...args: string[]) {
  const { code, stdout, stderr } = await session.run(['export', ...args, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  const told = JSON.parse(stdout) as {
    readonly path: string;
    readonly inputs: readonly string[];
    readonly check: { readonly difference: number; readonly allowed: number };
  };
  expect(told.check.difference).toBeLessThanOrEqual(1e-5);
  const model = await loadOnnx<readonly Tensor[], Readonly<Record<string, Tensor>>>(
    await readFile(join(session.folder, told.path)),
  );
  return { ...told, model };
}

const f32 = (rows: readonly (readonly number[])[]): HostArray => array(rows, { dtype: 'f32' });
const scalar = (x: number): HostArray => array(x, { dtype: 'f32' });

describe('node-ode export', () => {
  it('writes what predict computes, from raw features', async () => {
    const { path, inputs, model } = await exported('cancer', '--metadata', 'author=me');
    expect([path, inputs]).toEqual(['cancer/model.onnx', ['x', 'rtol', 'atol']]);
    expect(model.metadata).toMatchObject({ author: 'me', task: 'classification', what: 'predict', solver: 'dopri5' });
    const features = (model.metadata['columns'] ?? '').split(', ');
    const rows = [1, 1.3].map((factor) => features.map((_, i) => factor * (1 + i)));
    const csv = [features.map((name) => JSON.stringify(name)).join(','), ...rows.map((row) => row.join(','))].join(
      '\n',
    );
    const predicted = await session.run(['predict', 'cancer', '--json', '--format', 'csv'], csv);
    expect(predicted.stderr).toBe('');
    const names = (model.metadata['classes'] ?? '').split(', ');
    const { result, nfe } = await model.run(f32(rows), scalar(1e-3), scalar(1e-6));
    const header = predicted.stdout.split('\n')[0]?.split(',') ?? [];
    const columns = names.map((name) => header.findIndex((column) => column.includes(name)));
    expect(columns).not.toContain(-1);
    predicted.stdout
      .trim()
      .split('\n')
      .slice(1)
      .forEach((line, i) =>
        columns.forEach((column, c) =>
          expect(Number(line.split(',')[column])).toBeCloseTo(result['probabilities']?.data[2 * i + c] ?? NaN, 5),
        ),
      );
    const [p = NaN, q = NaN] = Array.from(result['probabilities']?.data ?? []);
    expect(result['decision']?.data[0]).toBeCloseTo(Math.log(q / p), 3);
    expect(nfe).toBeGreaterThan(6);
    const tight = await model.run(f32(rows), scalar(1e-6), scalar(1e-7));
    expect(tight.nfe).toBeGreaterThan(nfe ?? NaN);
    await model.dispose();
  });

  it('writes densities and samples of a flow, inverse to each other', async () => {
    const density = await exported('moons');
    expect(density.path).toBe('moons/log-prob.onnx');
    const samples = await exported('moons', '--what', 'sample', '--out', 'deep/samples.onnx');
    const tight = [scalar(1e-5), scalar(1e-6)];
    const { result } = await samples.model.run(
      f32([
        [0, 0],
        [1, -1],
        [0.5, 2],
      ]),
      ...tight,
    );
    const points = result['samples'] as HostArray;
    expect(points.shape).toEqual([3, 2]);
    const { result: found } = await density.model.run(points, ...tight);
    expect(found['log_prob']?.shape).toEqual([3]);
    // The mass of the density in a square round its centre.
    const n = 60;
    const [low, high] = [-6, 6];
    const cell = (high - low) / n;
    const centres = Array.from({ length: n * n }, (_, i) => [
      low + ((i % n) + 0.5) * cell,
      low + (Math.floor(i / n) + 0.5) * cell,
    ]);
    const { result: all } = await density.model.run(f32(centres), ...tight);
    const mass = Array.from(all['log_prob']?.data ?? [], (x) => Math.exp(x) * cell * cell).reduce((a, b) => a + b, 0);
    expect(mass).toBeCloseTo(1, 2);
    await Promise.all([density.model.dispose(), samples.model.dispose()]);
  });

  it('writes forecasts, and the flow that they follow', async () => {
    const forecast = await exported('lynx');
    expect(forecast.inputs).toEqual(['t_observed', 'y_observed', 't', 'rtol', 'atol']);
    const flow = await exported('lynx', '--what', 'flow');
    const tolerances = [scalar(1e-5), scalar(1e-6)];
    const start = [30, 40];
    const later = await forecast.model.run(
      array([1900, 1901], { dtype: 'f32' }),
      array([[[20, 30], start]], { dtype: 'f32' }),
      array([1902, 1903.5], { dtype: 'f32' }),
      ...tolerances,
    );
    expect(later.result['y']?.shape).toEqual([1, 2, 2]);
    for (const [i, dt] of [1, 2.5].entries()) {
      const moved = await flow.model.run(f32([start]), scalar(dt), ...tolerances);
      moved.result['y']?.data.forEach((value, c) =>
        expect(Math.abs(value / (later.result['y']?.data[2 * i + c] ?? NaN) - 1)).toBeLessThan(1e-4),
      );
    }
    await Promise.all([forecast.model.dispose(), flow.model.dispose()]);
  });

  it.each<readonly [number, string, readonly string[]]>([
    [2, 'a model for classification has no sample; expected predict', ['cancer', '--what', 'sample']],
    [3, 'there is no model nothing', ['nothing']],
    [3, "the folder /proc/x can't be made", ['cancer', '--out', '/proc/x/model.onnx']],
    [2, 'Expected key=value', ['cancer', '--metadata', 'me']],
  ])('ends with %d: %s', async (code, message, args) => {
    const ended = await session.run(['export', ...args]);
    expect(ended.stderr).toContain(message);
    expect(ended).toMatchObject({ code, stdout: '' });
  });
});

describe('differenceOf', () => {
  it('sees what differs', () => {
    const a = { y: array([1, -4]), z: array([0]) };
    expect(differenceOf(a, a)).toBe(0);
    expect(differenceOf(a, { ...a, y: array([1, -3]) })).toBe(0.25);
    expect(differenceOf(a, { ...a, y: array([1, NaN]) })).toBe(Infinity);
    expect(differenceOf(a, { ...a, y: array([1]) })).toBe(Infinity);
  });
});

describe('what a difference may be', () => {
  it('is rounding and a tenth of rtol, and rtol where steps differ', () => {
    expect(allowedFor({ rtol: 1e-3, nfe: [20, 20] }, 'f32')).toBeCloseTo(1.61e-4, 6);
    expect(allowedFor({ rtol: 1e-3, nfe: [26, 20] }, 'f32')).toBeCloseTo(1.061e-3, 6);
    expect(allowedFor({ rtol: 0, nfe: [20, 20] }, 'f64')).toBe(1e-9);
  });

  it('is told of the worst run, in units of the largest result of all', () => {
    const run = (value: number, found: number, rtol: number) => ({
      expected: { y: array([value]) },
      found: { y: array([found]) },
      rtol,
      nfe: [20, 20] as const,
    });
    const small = run(1e-4, 1.2e-4, 1e-3); // 20 % of itself, 5e-6 of the largest
    expect(worstOf([run(4, 4, 1e-3), small], 'f32').difference).toBeCloseTo(5e-6, 9);
    const worst = worstOf([run(4, 4.0016, 1e-2), run(4, 4.0012, 1e-3), small], 'f32');
    expect([worst.difference, worst.difference > worst.allowed]).toEqual([expect.closeTo(3e-4, 6), true]);
  });
});
