import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { array } from '@node-ode/core';
import { expect, it } from 'vitest';
import { runExperiment } from '../lab/run-experiment.ts';
import type { WrittenResults } from '../lab/write-results.ts';
import { autoregression, interpolate, persistence } from './baselines.ts';
import { coordinatesOf } from './coordinates.ts';
import { experiment } from './experiment.ts';
import { lorenzProblem, lotkaVolterraProblem, lynxHareProblem, type Problem } from './problem.ts';
import { scoreOf } from './score.ts';
import { rateOf, segmentsOf } from './segments.ts';

const line = (n: number, of: (t: number) => number[]): { t: number[]; y: number[][] } => {
  const t = Array.from({ length: n }, (_, i) => i);
  return { t, y: t.map(of) };
};

/** A rotation by 0.3 a unit of time, which an autoregression follows exactly. */
const rotation: Problem = {
  ...{ name: 'rotation', title: '', components: ['x', 'y'], logarithms: false, plane: [0, 1], segment: 4, width: 4 },
  train: line(21, (t) => [3 * Math.cos(0.3 * t), Math.sin(0.3 * t)]),
  heldOut: { t: [21, 22.5, 24], y: [21, 22.5, 24].map((t) => [3 * Math.cos(0.3 * t), Math.sin(0.3 * t)]) },
};

it.each([
  ['lorenz', lorenzProblem(1), 15],
  ['Lotka–Volterra', lotkaVolterraProblem(1), 10],
])('%s is learned from irregular noisy times, and held to its true states after them', (_, problem, end) => {
  const { train, heldOut, truth } = problem;
  const gaps = train.t.slice(1).map((t, i) => t - (train.t[i] ?? NaN));
  expect(Math.min(...gaps)).toBeGreaterThan(0);
  expect(Math.max(...gaps) / Math.min(...gaps)).toBeGreaterThan(10);
  expect([train.t.at(-1)! <= end, heldOut.t[0]! > end]).toEqual([true, true]);
  if (truth === undefined) throw new Error('the truth is known');
  const distance = (a: readonly number[] = [], b: readonly number[] = []): number =>
    Math.hypot(...a.map((x, k) => x - (b[k] ?? NaN)));
  const off = (path: typeof train): number =>
    Math.max(...interpolate(truth, path.t).map((state, i) => distance(state, path.y[i])));
  // Linear interpolation of the truth is off by less than the noise.
  expect(off(heldOut)).toBeLessThan(0.15);
  expect(off(train)).toBeGreaterThan(0.25);
});

it('lynx and hare end in 1916, and are forecast from there', () => {
  const { train, heldOut } = lynxHareProblem();
  expect([train.t.at(-1), heldOut.t]).toEqual([1916, [1917, 1918, 1919, 1920]]);
});

it('neighbouring segments share an observation', () => {
  const { train } = rotation;
  const { ts, target } = segmentsOf(train, 4, coordinatesOf(rotation));
  expect([ts.shape, target.shape]).toEqual([
    [5, 5],
    [5, 5, 2],
  ]);
  const at = (k: number, segment: number): number[] => {
    const from = (k * 5 + segment) * 2;
    return Array.from(target.data.subarray(from, from + 2));
  };
  for (const segment of [0, 1, 2, 3]) expect(at(4, segment)).toEqual(at(0, segment + 1));
  expect(Array.from(ts.data.subarray(5, 10))).toEqual([0, 1, 2, 3, 4]);
});

it('coordinates come back, and rates follow them', () => {
  for (const logarithms of [false, true]) {
    const train = { t: [0, 1, 2], y: [[1, 2], [3, 8], [2, 4]] }; // prettier-ignore
    const { to, from, rate } = coordinatesOf({ train, logarithms });
    const back = from(to(train.y));
    train.y.forEach((state, i) => state.forEach((x, k) => expect(back[i]?.[k]).toBeCloseTo(x, 4)));
    // along z + εż the state moves by ε of its rate
    const [z, moved] = [to([[2, 4]]), to([[2, 4]])];
    const dz = [0.5, -0.25];
    const shifted = from(array([Array.from(moved.data).map((x, k) => x + 1e-3 * (dz[k] ?? 0))]))[0] ?? [];
    const before = from(z)[0] ?? [];
    rate([2, 4], dz).forEach((r, k) => expect(((shifted[k] ?? NaN) - (before[k] ?? NaN)) / 1e-3).toBeCloseTo(r, 1));
  }
});

it('the rate of a rotation is its frequency, to the chord', () => {
  // standardised components have mean square 1, so the mean square slope over k units is (2 sin(0.15 k) / k)²
  const whole = { ...rotation, train: line(420, (t) => [Math.cos(0.3 * t), Math.sin(0.3 * t)]) };
  expect(rateOf(whole.train, coordinatesOf(whole), 2)).toBeCloseTo(Math.sin(0.3), 2);
});

it('baselines: an autoregression follows a linear law, persistence does not', () => {
  const followed = scoreOf(rotation, autoregression(rotation, rotation.heldOut.t, 1));
  // but for interpolation at 22.5, between two of its times
  expect(followed.whole).toBeLessThan(0.03);
  expect(followed.validFor).toBe(4);
  const stays = scoreOf(rotation, persistence(rotation, rotation.heldOut.t));
  expect(stays.whole).toBeGreaterThan(0.5);
  expect(stays.validFor).toBe(1);
});

it('scores are in standard deviations, and in own units', () => {
  const flat: Problem = { ...rotation, train: { t: [0, 1], y: [[-2, -1], [2, 1]] }, heldOut: { t: [2, 3, 4], y: [[0, 0], [0, 0], [0, 0]] } }; // prettier-ignore
  const score = scoreOf(flat, { t: [2, 3, 4], y: [[2, 0], [0, 0], [0, 1]] }); // prettier-ignore
  expect(score.third).toBeCloseTo(Math.SQRT1_2, 12);
  expect(score.whole).toBeCloseTo(Math.sqrt(2 / 6), 12);
  expect(score.rmse).toBeCloseTo(Math.sqrt(5 / 6), 12);
  expect(score.validFor).toBe(0);
});

it('a short run writes tables and portraits', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'identify-'));
  const args = ['--quick', '--seeds', '1', '--lorenz-steps', '2', '--population-steps', '30', '--out', folder];
  const environment = {
    stream: new PassThrough(),
    signal: new AbortController().signal,
    workRoot: join(folder, 'work'),
  };
  await runExperiment(experiment, args, environment);
  const names = ['lorenz', 'lotka-volterra', 'lynx-hare'].flatMap((name) => [`${name}.png`, `${name}.svg`]);
  expect((await readdir(folder)).sort()).toEqual([...names, 'README.md', 'results.json', 'work'].sort());
  const { tables } = JSON.parse(await readFile(join(folder, 'results.json'), 'utf8')) as WrittenResults;
  expect(tables[0]?.rows.map(([, model]) => model).slice(0, 2)).toEqual(['Neural ODE', 'persistence']);
  expect(tables[0]?.rows).toHaveLength(12);
  await rm(folder, { recursive: true });
});
