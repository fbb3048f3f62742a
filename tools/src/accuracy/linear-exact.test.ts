import { propagate } from '@node-ode/testkit/problems';
import { describe, expect, it } from 'vitest';
import type { LinearValues } from './gradient-problems.ts';
import { exactGradient, exactHessian } from './linear-exact.ts';

const planar: LinearValues = {
  matrix: [
    [-0.2, 1.5],
    [-1.3, 0.1],
  ],
  y0: [0.9, -0.4],
  ts: [0.3, 0.9, 1.7],
  weights: [
    [0.2, -0.3],
    [1, 0.4],
    [-0.5, 0.7],
  ],
};

/** The values of a flat list in the order y0, matrix, ts. */
const unflat = (x: readonly number[]): LinearValues => ({
  ...planar,
  y0: x.slice(0, 2),
  matrix: [x.slice(2, 4), x.slice(4, 6)],
  ts: x.slice(6),
});
const flat = [...planar.y0, ...planar.matrix.flat(), ...planar.ts];

function loss({ y0, matrix, ts, weights }: LinearValues): number {
  const dot = (w: readonly number[], y: readonly number[]): number =>
    w.reduce((sum, x, i) => sum + x * (y[i] ?? NaN), 0);
  return weights.reduce((sum, w, j) => sum + dot(w, propagate(matrix, (ts[j] ?? NaN) - (ts[0] ?? NaN), y0)), 0);
}

const gradient = (values: LinearValues): number[] => {
  const found = exactGradient(values);
  return ['y0', 'matrix', 'ts'].flatMap((name) => found[name] ?? []);
};

/** The derivative of a list of numbers along one of the flat list. */
function slopes(f: (values: LinearValues) => readonly number[], i: number): number[] {
  const h = 1e-3;
  const at = (by: number): readonly number[] => f(unflat(flat.map((x, k) => (k === i ? x + by : x))));
  const [a, b, c, d] = [at(2 * h), at(h), at(-h), at(-2 * h)];
  return a.map((far, k) => (8 * ((b[k] ?? NaN) - (c[k] ?? NaN)) - far + (d[k] ?? NaN)) / (12 * h));
}

describe('exact derivatives of the linear problem', () => {
  it('are those of one exponential in one dimension', () => {
    // L = e^{a(t1 − t0)}·y0
    const values: LinearValues = { matrix: [[-0.7]], y0: [2], ts: [0.5, 2], weights: [[0], [1]] };
    const y = 2 * Math.exp(-0.7 * 1.5);
    const { y0 = [], matrix = [], ts = [] } = exactGradient(values);
    [y / 2, 1.5 * y, 0.7 * y, -0.7 * y].forEach((exact, i) =>
      expect([...y0, ...matrix, ...ts][i]).toBeCloseTo(exact, 13),
    );
    const hessian = exactHessian(values);
    const cross = y - 0.7 * 1.5 * y;
    const expected = [
      [0, (1.5 * y) / 2, 0.35 * y, -0.35 * y],
      [(1.5 * y) / 2, 1.5 ** 2 * y, -cross, cross],
      [0.35 * y, -cross, 0.49 * y, -0.49 * y],
      [-0.35 * y, cross, -0.49 * y, 0.49 * y],
    ];
    expected.forEach((row, i) => row.forEach((exact, j) => expect(hessian[i]?.[j]).toBeCloseTo(exact, 13)));
  });

  it('are those of central differences', () => {
    const [exact, hessian] = [gradient(planar), exactHessian(planar)];
    flat.forEach((_, i) => {
      expect(slopes((values) => [loss(values)], i)[0]).toBeCloseTo(exact[i] ?? NaN, 10);
      slopes(gradient, i).forEach((slope, k) => expect(slope).toBeCloseTo(hessian[k]?.[i] ?? NaN, 9));
    });
  });
});
