import { reference } from '@node-ode/backend-reference';
import { array, compile, random } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { dataNames, planeData, rowsOf, type PlaneData } from './data.ts';
import { planeGrid } from './plane-grid.ts';
import { numbersOf } from './train-flow.ts';
import { targetNames, targets, type TargetName } from './targets.ts';

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('densities that are known', () => {
  const known = dataNames.filter((name) => (planeData[name] as PlaneData).logDensity !== undefined);

  it.each(known)('%s sums to 1, and has the moments of its samples', async (name) => {
    const data: PlaneData = planeData[name];
    const { points, area } = planeGrid(6, 240);
    const cells = rowsOf(points).map(([x, y]) => ({ x, y, mass: area * Math.exp(data.logDensity?.(x, y) ?? NaN) }));
    const integral = (f: (x: number, y: number) => number): number =>
      cells.reduce((sum, { x, y, mass }) => sum + mass * f(x, y), 0);
    expect(integral(() => 1)).toBeCloseTo(1, 4);
    const count = 20_000;
    const samples = rowsOf(data.draw(random(1), count));
    // Moments that tell turned, moved and mirrored densities apart, within 4 standard errors.
    for (const f of [
      (x: number) => x,
      (_: number, y: number) => y,
      (x: number, y: number) => x * y,
      (x: number) => x ** 2,
      (x: number, y: number) => Math.cos(8 * Math.atan2(y, x)),
      (x: number, y: number) => Math.cos(Math.hypot(x, y)),
    ]) {
      const values = samples.map(([x, y]) => f(x, y));
      const centre = mean(values);
      const error = Math.sqrt(mean(values.map((v) => (v - centre) ** 2)) / count);
      expect(Math.abs(integral(f) - centre)).toBeLessThan(4 * error + 1e-6);
    }
  });
});

describe('energies', () => {
  const w1 = (x: number): number => Math.sin((2 * Math.PI * x) / 4);
  const bump = (x: number): number => 3 * Math.exp(-0.5 * ((x - 1) / 0.6) ** 2);
  const step = (x: number): number => 3 / (1 + Math.exp(-(x - 1) / 0.3));
  const wall = (x: number): number => 0.5 * (Math.max(0, Math.abs(x) - 4) / 0.4) ** 2;
  const half = (v: number, width: number): number => Math.exp(-0.5 * (v / width) ** 2);
  /** Table 1 of the paper. */
  const expected: Record<TargetName, (x: number, y: number) => number> = {
    u1: (x, y) => 0.5 * ((Math.hypot(x, y) - 2) / 0.4) ** 2 - Math.log(half(x - 2, 0.6) + half(x + 2, 0.6)),
    u2: (x, y) => 0.5 * ((y - w1(x)) / 0.4) ** 2 + wall(x),
    u3: (x, y) => -Math.log(half(y - w1(x), 0.35) + half(y - w1(x) + bump(x), 0.35)) + wall(x),
    u4: (x, y) => -Math.log(half(y - w1(x), 0.4) + half(y - w1(x) + step(x), 0.35)) + wall(x),
  };

  it.each(targetNames)('%s is that of the table', async (name) => {
    const points = [
      [0.3, -1.2],
      [1.4, 2],
      [-2.1, 0.4],
      [4.5, 1],
    ] as const;
    const run = compile(reference(), targets[name].energy);
    const values = numbersOf(await (await run(array(points, { dtype: 'f64' }))).read());
    points.forEach(([x, y], i) => expect(values[i]).toBeCloseTo(expected[name](x, y), 8));
  });
});
