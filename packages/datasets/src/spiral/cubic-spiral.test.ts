import { readFileSync } from 'node:fs';
import { OptionError, random, toNested, type HostArray } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { cubicSpiral } from './cubic-spiral.ts';
import { extrapolate } from './extrapolate.ts';

/** Points by SciPy; see tools/references. */
const reference = JSON.parse(readFileSync(new URL('cubic-spiral-reference.json', import.meta.url), 'utf8')) as {
  readonly t: number;
  readonly y: readonly number[];
}[];

const rows = (x: HostArray): number[][] => toNested(x) as number[][];

describe('extrapolate', () => {
  it('is exact to a few roundings', () => {
    const [x, y] = extrapolate((_t, [a = 0, b = 0]) => [b, -a], 0, [0, 1], 0.5);
    expect(x).toBeCloseTo(Math.sin(0.5), 14);
    expect(y).toBeCloseTo(Math.cos(0.5), 14);
    expect(extrapolate((t) => [5 * t ** 4], 1, [1], 1)[0]).toBeCloseTo(32, 12);
  });
});

describe('cubicSpiral', () => {
  it('is the true solution', () => {
    // 501 points: every time of the reference is one of them
    for (const points of [501, 51]) {
      const { t, y } = cubicSpiral({ points, dtype: 'f64' }).trajectory;
      const states = rows(y);
      const times = Array.from(t.data);
      for (const known of reference) {
        const i = times.findIndex((time) => Math.abs(time - known.t) < 1e-9);
        expect(i).toBeGreaterThan(0);
        for (const k of [0, 1]) expect(states[i]?.[k]).toBeCloseTo(known.y[k] ?? NaN, 10);
      }
    }
  });

  it('has the shapes of ode_demo', () => {
    const spiral = cubicSpiral();
    expect([spiral.trajectory.t.shape, spiral.trajectory.y.shape]).toEqual([[1000], [1000, 2]]);
    expect(Array.from(spiral.trajectory.t.data.subarray(0, 2))).toEqual([0, Math.fround(25 / 999)]);
    expect(rows(spiral.trajectory.y)[0]).toEqual([2, 0]);
    expect(spiral.size('train')).toBe(990);
    const batch = spiral.draw(random(42));
    expect([batch.y0, batch.t, batch.y].map(({ shape, dtype }) => [dtype, ...shape])).toEqual([
      ['f32', 20, 2],
      ['f32', 10],
      ['f32', 10, 20, 2],
    ]);
  });

  it('cuts windows out of the trajectory', () => {
    const spiral = cubicSpiral({ points: 30, batchTime: 4, dtype: 'f64' });
    const states = rows(spiral.trajectory.y);
    for (const { y0, t, y } of [
      ...spiral.batches('train', { batchSize: 5, random: random(1) }),
      spiral.draw(random(2), 7),
    ]) {
      expect(Array.from(t.data)).toEqual(Array.from(spiral.trajectory.t.data.subarray(0, 4)));
      const starts = rows(y0).map((row) => states.findIndex((s) => s[0] === row[0] && s[1] === row[1]));
      expect(toNested(y)).toEqual([0, 1, 2, 3].map((k) => starts.map((s) => states[s + k])));
      expect(new Set(starts).size).toBe(starts.length);
    }
  });

  it('visits every window once a pass, and draws independently', () => {
    const spiral = cubicSpiral({ points: 30, batchTime: 4 });
    const seen = [...spiral.batches('train', { batchSize: 5, random: random(1) })].flatMap(({ y0 }) =>
      rows(y0).map(String),
    );
    expect([seen.length, new Set(seen).size]).toEqual([26, 26]);
    expect([...spiral.batches('train', { batchSize: 5, dropLast: true })]).toHaveLength(5);
    const source = random(5);
    expect(spiral.draw(source).y0.data).not.toEqual(spiral.draw(source).y0.data);
    expect(spiral.draw(random(5)).y0.data).toEqual(spiral.draw(random(5)).y0.data);
  });

  it('tests on the whole trajectory, without noise', () => {
    const spiral = cubicSpiral({ points: 30, noise: 0.1, dtype: 'f64' });
    expect(spiral.size('test')).toBe(1);
    const { y0, t, y } = spiral.all('test');
    expect([y0.shape, t.shape, y.shape]).toEqual([[1, 2], [30], [30, 1, 2]]);
    expect(Array.from(y.data)).toEqual(Array.from(cubicSpiral({ points: 30, dtype: 'f64' }).trajectory.y.data));
  });

  it('adds noise of the asked strength, by seed', () => {
    const states = (noise: number, seed: number): number[] =>
      Array.from(cubicSpiral({ noise, seed, batchTime: 1, dtype: 'f64' }).all('train').y0.data);
    const [clean, noisy] = [states(0, 0), states(0.05, 3)];
    const errors = noisy.map((value, i) => value - (clean[i] ?? NaN));
    const mean = errors.reduce((sum, e) => sum + e, 0) / errors.length;
    const std = Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length);
    // 1998 draws: three standard errors
    expect(Math.abs(mean)).toBeLessThan((3 * 0.05) / Math.sqrt(1998));
    expect(Math.abs(std / 0.05 - 1)).toBeLessThan(3 / Math.sqrt(2 * 1998));
    expect(states(0.05, 3)).toEqual(noisy);
    expect(states(0.05, 4)).not.toEqual(noisy);
  });

  it('refuses options out of range', () => {
    expect(() => cubicSpiral({ points: 10 })).toThrow(
      'cubicSpiral: points 10, batchTime 10, noise 0; expected an integer number of points that exceeds batchTime',
    );
    expect(() => cubicSpiral({ noise: -1 })).toThrow(OptionError);
    expect(() => cubicSpiral({ batchTime: 0 })).toThrow(OptionError);
    expect(() => cubicSpiral({ points: 20 }).draw(random(0), 11)).toThrow('at most 10 windows');
    expect(() => cubicSpiral({ points: 20 }).all('valid')).toThrow('cubic-spiral: no split “valid”');
  });
});
