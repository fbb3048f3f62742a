import { readFileSync } from 'node:fs';
import { ExecutionError, OptionError, random } from '@node-ode/core';
import { testDataset } from '@node-ode/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bidirectionalSpirals } from './bidirectional-spirals.ts';
import { statesAt } from './solve.ts';
import { dampedPendulum, lorenz, lotkaVolterra, vanDerPol } from './systems.ts';
import { trajectories, type TrajectoryOptions } from './trajectories.ts';

/** States by SciPy; see tools/references/trajectories.py. */
const reference = JSON.parse(readFileSync(new URL('trajectories-reference.json', import.meta.url), 'utf8')) as Record<
  string,
  { readonly y0: number[]; readonly t: number[]; readonly y: number[][] }
>;

const systems = {
  lorenz,
  'lotka-volterra': lotkaVolterra,
  // the reference has a stiffer one than the default
  'van-der-pol': (options: TrajectoryOptions) => vanDerPol({ ...options, mu: 5 }),
  'damped-pendulum': dampedPendulum,
} as const;

describe('statesAt', () => {
  it('has closed forms to a few roundings', () => {
    const times = [0, 0.1, 1, 7, 20];
    statesAt((_t, [x = 0, v = 0]) => [v, -x], [0, 1], times).forEach(([x], i) =>
      expect(x).toBeCloseTo(Math.sin(times[i] ?? NaN), 12),
    );
    statesAt((_t, [x = 0]) => [-x], [1], times).forEach(([x], i) =>
      expect(x).toBeCloseTo(Math.exp(-(times[i] ?? NaN)), 13),
    );
    statesAt((t) => [Math.cos(t)], [0], times).forEach(([x], i) =>
      expect(x).toBeCloseTo(Math.sin(times[i] ?? NaN), 13),
    );
  });

  it('does not hang where there is no solution, or a step would be tiny', () => {
    // 1 / (1 − t) ends at t = 1
    expect(() => statesAt((_t, [x = 0]) => [x * x], [1], [0, 2])).toThrow(ExecutionError);
    expect(() => statesAt((_t, [x = 0]) => [x * x], [1], [0, 2])).toThrow('beyond t = ');
    expect(() => statesAt(() => [NaN], [1], [0, 1])).toThrow(ExecutionError);
    expect(() => statesAt((t, [x = 0]) => [-1e9 * (x - Math.sin(t))], [1], [0, 1])).toThrow(ExecutionError);
  });
});

describe.each(Object.entries(systems))('%s', (name, make) => {
  it('is SciPy’s solution to 1e-9', () => {
    const { y0, t, y } = reference[name] ?? { y0: [], t: [], y: [] };
    const points = 41;
    const { t: times, truth } = make({ y0, end: 4, points, train: 1, test: 1, dtype: 'f64' }).all('train');
    expect(t.length).toBeGreaterThan(3);
    t.forEach((time, i) => {
      const k = times.data.findIndex((own) => Math.abs(own - time) < 1e-9);
      const state = truth.data.subarray(k * y0.length, (k + 1) * y0.length);
      y[i]?.forEach((value, c) => expect(Math.abs((state[c] ?? NaN) - value)).toBeLessThan(1e-9));
    });
  });

  testDataset(() => make({ train: 7, test: 4, points: 5, end: 0.5, noise: 0.1, irregular: true, seed: 3 }), {
    splits: ['train', 'test'],
  });

  it('has shapes, noise and irregular times as asked, by seed', () => {
    const options = { train: 6, test: 5, points: 60, end: 0.5, seed: 4, dtype: 'f64' } as const;
    const [clean, noisy] = [make(options), make({ ...options, noise: 0.1 })];
    const { t, y, truth } = clean.all('train');
    expect([t.shape, y.shape.slice(0, 2), y.shape]).toEqual([[6, 60], [6, 60], truth.shape]);
    expect(y.data).toEqual(truth.data);
    const errors = Array.from(
      noisy.all('train').y.data,
      (value, i) => value - (noisy.all('train').truth.data[i] ?? NaN),
    );
    const std = Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length);
    // four standard errors
    expect(Math.abs(std / 0.1 - 1)).toBeLessThan(4 / Math.sqrt(2 * errors.length));
    expect(make({ ...options, seed: 5 }).all('train').y.data).not.toEqual(y.data);
    const irregular = make({ ...options, irregular: true }).all('train').t.data;
    for (let i = 0; i < 6; i++) {
      expect(irregular[i * 60]).toBe(0);
      for (let k = 1; k < 60; k++) expect(irregular[i * 60 + k]).toBeGreaterThan(irregular[i * 60 + k - 1] ?? NaN);
    }
    expect(clean.draw(random(1), 2)).toEqual(clean.draw(random(1), 2));
    expect(clean.draw(random(1), 2).y.shape[0]).toBe(2);
  });

  it('refuses options out of range', () => {
    for (const options of [
      { points: 1 },
      { end: 0 },
      { end: Infinity },
      { noise: -1 },
      { noise: NaN },
      { train: 0 },
      { y0: [1] },
      { test: 1.5 },
    ])
      expect(() => make(options), JSON.stringify(options)).toThrow(OptionError);
    expect(() => make({ train: 2, test: 1, points: 3 }).draw(random(0), 0)).toThrow(OptionError);
  });
});

describe('trajectories', () => {
  it('keeps what the systems keep', () => {
    // Lotka–Volterra has an integral of motion; the undamped pendulum its energy
    const { truth } = lotkaVolterra({ train: 3, test: 1, points: 20, dtype: 'f64' }).all('train');
    const integral = (i: number): number => {
      const [x = NaN, y = NaN] = truth.data.subarray(2 * i, 2 * i + 2);
      return x - 3 * Math.log(x) + y - 1.5 * Math.log(y);
    };
    for (let i = 0; i < 60; i++) expect(integral(i)).toBeCloseTo(integral(20 * Math.floor(i / 20)), 11);
    const pendulum = dampedPendulum({ damping: 0, train: 1, test: 1, points: 50, dtype: 'f64' }).all('train').truth;
    const energy = (i: number): number =>
      (pendulum.data[2 * i + 1] ?? NaN) ** 2 / 2 - 9.81 * Math.cos(pendulum.data[2 * i] ?? NaN);
    for (let i = 0; i < 50; i++) expect(energy(i)).toBeCloseTo(energy(0), 10);
  });

  it('takes any system, and refuses more irregular times than there are', () => {
    const decay = {
      name: 'decay',
      components: ['x'],
      end: 1,
      dynamics: (_t: number, [x = 0]: readonly number[]) => [-x],
      start: () => [1],
    };
    const { y, t } = trajectories(decay, { train: 1, test: 1, points: 3, dtype: 'f64' }).all('train');
    y.data.forEach((value: number, i: number) => expect(value).toBeCloseTo(Math.exp(-(t.data[i] ?? NaN)), 13));
    expect(() => trajectories(decay, { train: 1, test: 1, points: 400, irregular: true, end: 1e-44 })).toThrow(
      OptionError,
    );
    expect(() => vanDerPol({ mu: NaN })).toThrow('vanDerPol: mu NaN');
    expect(() => vanDerPol({ mu: 1e9, train: 1, test: 1 })).toThrow(ExecutionError);
  });
});

describe('bidirectionalSpirals', () => {
  testDataset(() => bidirectionalSpirals({ train: 9, test: 5, points: 10, future: 3, observed: 4 }), {
    splits: ['train', 'test'],
  });

  it('has the paper’s curves, which go on in `future`', () => {
    const { t, truth, direction, future, futureT } = bidirectionalSpirals({ train: 40, test: 1, dtype: 'f64' }).all(
      'train',
    );
    expect(new Set(direction.data)).toEqual(new Set([0, 1]));
    const step = (6 * Math.PI) / 499;
    for (let i = 0; i < 40; i++) {
      const [x0 = NaN, y0 = NaN] = truth.data.subarray(200 * i, 200 * i + 2);
      // the angle of the first point, from its radius
      const out = direction.data[i] === 1;
      const angle = out ? Math.hypot(x0 - 5, y0) / 0.3 : 15 / Math.hypot(x0 + 5, y0);
      const at = (time: number): readonly number[] => {
        const z = out ? angle + time : angle - time;
        return out
          ? [0.3 * z * Math.cos(z) + 5, 0.3 * z * Math.sin(z)]
          : [(15 / z) * Math.cos(z) - 5, (15 / z) * Math.sin(z)];
      };
      for (const k of [0, 1, 50, 99]) {
        const [x = NaN, y = NaN] = at(t.data[100 * i + k] ?? NaN);
        expect(truth.data[200 * i + 2 * k]).toBeCloseTo(x, 10);
        expect(truth.data[200 * i + 2 * k + 1]).toBeCloseTo(y, 10);
        const [fx = NaN, fy = NaN] = at(futureT.data[100 * i + k] ?? NaN);
        expect(future.data[200 * i + 2 * k]).toBeCloseTo(fx, 10);
        expect(future.data[200 * i + 2 * k + 1]).toBeCloseTo(fy, 10);
      }
      expect(futureT.data[100 * i]).toBeCloseTo(100 * step, 12);
    }
  });

  it('observes so many points, the first among them', () => {
    for (const observed of [1, 30, 100]) {
      const { mask } = bidirectionalSpirals({ train: 8, test: 1, observed }).all('train');
      for (let i = 0; i < 8; i++) {
        const own = mask.data.subarray(100 * i, 100 * (i + 1));
        expect([own[0], own.filter((one: number) => one === 1).length]).toEqual([1, observed]);
      }
    }
  });

  it('refuses options out of range', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -2, max: 600 }),
        fc.integer({ min: -2, max: 600 }),
        fc.integer({ min: -2, max: 600 }),
        (points, observed, future) => {
          const isRight = points >= 2 && observed >= 1 && observed <= points && future >= 1 && points + future <= 500;
          const run = (): unknown => bidirectionalSpirals({ train: 1, test: 1, points, observed, future });
          if (isRight) expect(run).not.toThrow();
          else expect(run).toThrow(OptionError);
        },
      ),
    );
  });
});
