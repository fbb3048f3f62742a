import { describe, expect, it } from 'vitest';
import { detestReference } from './detest-reference.ts';
import {
  detest,
  detestNames,
  linear,
  order,
  propagate,
  referenceTimes,
  reversed,
  robertson,
  sine,
  torchdiffeqProblems,
  vanDerPol,
  type Problem,
} from './index.ts';

const everyProblem = (): Problem[] => [
  ...Object.values(torchdiffeqProblems).map((make) => make('f64')),
  order('f64'),
  ...detestNames.map((name) => detest(name)('f64')),
  robertson('f64'),
  vanDerPol('f64'),
];

describe('problems', () => {
  it('are all there, under different names', () => {
    expect(detestNames.join(' ')).toBe('A1 A2 A3 A4 A5 B1 B2 B3 B4 B5 C1 C2 C3 C4 C5 D1 D2 D3 D4 D5 E1 E2 E3 E4 E5');
    expect(Object.keys(torchdiffeqProblems)).toEqual(['constant', 'linear', 'sine', 'exp']);
    expect(new Set(everyProblem().map(({ name }) => name)).size).toBe(32);
  });

  it('start at the first reference and end at the last, in order', () => {
    for (const p of everyProblem()) {
      const times = referenceTimes(p);
      expect([p.t0, p.t1]).toEqual([times[0], times[times.length - 1]]);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(new Set(times).size).toBe(times.length);
      expect(p.reference[0].y).toBe(p.y0);
      for (const { y } of p.reference) {
        expect(y).toHaveLength(p.y0.length);
        expect(y.every(Number.isFinite)).toBe(true);
      }
    }
  });

  it('span what the issue and the papers say', () => {
    const sevenths = Array.from({ length: 10 }, (_, i) => 1 + (7 * i) / 9);
    for (const make of Object.values(torchdiffeqProblems)) {
      for (const [i, t] of referenceTimes(make('f32')).entries()) expect(t).toBeCloseTo(sevenths[i] ?? NaN, 12);
    }
    expect([order('f64').t0, order('f64').t1]).toEqual([0, 4]);
    for (const name of detestNames) expect(referenceTimes(detest(name)('f64'))).toEqual([0, 5, 10, 15, 20]);
  });

  it('keep what they conserve: nothing is lost in a reaction', () => {
    for (const { y } of robertson('f64').reference) expect(Math.abs(y.reduce((a, b) => a + b) - 1)).toBeLessThan(1e-13);
  });

  it('have references that agree with their exact solutions', () => {
    for (const p of everyProblem().filter(({ solution }) => solution !== undefined)) {
      for (const { t, y } of p.reference) {
        const exact = p.solution?.(t) ?? [];
        // relative to the largest component: the matrix exponential loses a few digits in the others
        const scale = Math.max(...y.map(Math.abs));
        for (const [i, value] of y.entries()) expect(Math.abs(value - (exact[i] ?? NaN)) / scale).toBeLessThan(1e-12);
      }
    }
  });

  it('come in both dtypes', () => {
    for (const make of [linear, order, detest('C5')])
      expect([make('f32').dtype, make('f64').dtype]).toEqual(['f32', 'f64']);
  });

  it('turn round', () => {
    const back = reversed(sine('f64'));
    expect([back.t0, back.t1, back.name]).toEqual([8, 1, 'sine, reversed']);
    expect(back.y0).toEqual(sine('f64').solution?.(8));
    expect(referenceTimes(back)).toEqual(referenceTimes(sine('f64')).reverse());
    expect(back.dynamics).toBeTypeOf('function');
    expect(reversed(back).reference).toEqual(sine('f64').reference);
  });
});

describe('exact values of DETEST', () => {
  const end = (name: keyof typeof detestReference): readonly number[] => detestReference[name].reference[3].y;

  it('A1 to A4 are known in closed form', () => {
    expect(end('A1')[0]).toBeCloseTo(Math.exp(-20), 14);
    expect(end('A2')[0]).toBeCloseTo(1 / Math.sqrt(21), 12);
    expect(end('A3')[0]).toBeCloseTo(Math.exp(Math.sin(20)), 11);
    expect(end('A4')[0]).toBeCloseTo(20 / (1 + 19 * Math.exp(-5)), 11);
  });

  it('D1 to D5 keep energy and angular momentum', () => {
    for (const [i, name] of (['D1', 'D2', 'D3', 'D4', 'D5'] as const).entries()) {
      const [x = NaN, y = NaN, vx = NaN, vy = NaN] = end(name);
      expect((vx ** 2 + vy ** 2) / 2 - 1 / Math.hypot(x, y)).toBeCloseTo(-0.5, 10);
      expect(x * vy - y * vx).toBeCloseTo(Math.sqrt(1 - (0.1 + 0.2 * i) ** 2), 10);
    }
  });

  it('C1 and C2 keep their total', () => {
    for (const name of ['C1', 'C2'] as const) expect(end(name).reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 11);
  });
});

describe('propagate', () => {
  it('is a rotation, a decay, a shear', () => {
    const [x, y] = propagate([[0, 1], [-1, 0]], 7, [1, 0]); // prettier-ignore
    expect([x, y]).toEqual([expect.closeTo(Math.cos(7), 13), expect.closeTo(-Math.sin(7), 13)]);
    expect(propagate([[-3]], 5, [2])[0]).toBeCloseTo(2 * Math.exp(-15), 18);
    expect(propagate([[0, 1], [0, 0]], 4, [1, 2])).toEqual([9, 2]); // prettier-ignore
    expect(propagate([[0, 1], [-1, 0]], 0, [1, 2])).toEqual([1, 2]); // prettier-ignore
  });

  it('goes back', () => {
    const { matrix, y0 } = { matrix: [[0.3, -1], [2, 0.1]], y0: [1, -2] }; // prettier-ignore
    const back = propagate(matrix, -3, propagate(matrix, 3, y0));
    expect(back).toEqual(y0.map((value) => expect.closeTo(value, 12)));
  });
});
