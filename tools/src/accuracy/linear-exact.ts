/** Exact first and second derivatives of the linear problem, by exponentials of block matrices. */
import { propagate } from '@node-ode/testkit/problems';
import type { LinearValues } from './gradient-problems.ts';
import type { Gradient } from './gradients.ts';

type Matrix = readonly (readonly number[])[];

/** A direction in the space of (y0, A, t0, …, tₙ). */
interface Direction {
  readonly y0: readonly number[];
  readonly matrix: Matrix;
  readonly ts: readonly number[];
}

/** The unit directions, in the order y0, matrix row by row, ts: that of the rows of the Hessian. */
function directions({ y0, matrix, ts }: LinearValues): readonly Direction[] {
  const zero: Direction = { y0: y0.map(() => 0), matrix: matrix.map((row) => row.map(() => 0)), ts: ts.map(() => 0) };
  const unit = (values: readonly number[], i: number): number[] => values.map((_, k) => (k === i ? 1 : 0));
  return [
    ...y0.map((_, i) => ({ ...zero, y0: unit(y0, i) })),
    ...matrix.flatMap((row, r) =>
      row.map((_, i) => ({ ...zero, matrix: zero.matrix.map((z, k) => (k === r ? unit(z, i) : z)) })),
    ),
    ...ts.map((_, i) => ({ ...zero, ts: unit(ts, i) })),
  ];
}

/**
 * ∂²L/∂u∂v and ∂L/∂u of L = Σ wⱼ·e^{A(tⱼ − t0)}y0. With two numbers ε and δ whose squares vanish, e^{M + εMᵤ + δMᵥ + εδMᵤᵥ}
 * has the derivatives of the exponential as its coefficients; the block matrix is that number's multiplication table.
 */
function derivatives(
  { y0, matrix, ts, weights }: LinearValues,
  u: Direction,
  v: Direction,
): { readonly first: number; readonly second: number } {
  const n = y0.length;
  const sums = { first: 0, second: 0 };
  weights.forEach((w, j) => {
    const [span, spanU, spanV] = [ts, u.ts, v.ts].map((t) => (t[j] ?? 0) - (t[0] ?? 0)) as [number, number, number];
    const combine = (a: number, x: Matrix, b: number, y: Matrix): Matrix =>
      x.map((row, r) => row.map((value, c) => a * value + b * (y[r]?.[c] ?? 0)));
    const m = combine(span, matrix, 0, matrix);
    const mu = combine(span, u.matrix, spanU, matrix);
    const mv = combine(span, v.matrix, spanV, matrix);
    const muv = combine(spanV, u.matrix, spanU, v.matrix);
    const o = m.map((row) => row.map(() => 0));
    const block = [
      [m, mu, mv, muv],
      [o, m, o, mv],
      [o, o, m, mu],
      [o, o, o, m],
    ].flatMap((blocks) => o.map((_, r) => blocks.flatMap((x) => x[r] ?? [])));
    const result = propagate(block, 1, [...y0.map(() => 0), ...v.y0, ...u.y0, ...y0]);
    const dot = (offset: number): number => w.reduce((sum, x, i) => sum + x * (result[offset + i] ?? NaN), 0);
    sums.second += dot(0);
    sums.first += dot(2 * n);
  });
  return sums;
}

/** ∂L/∂y0, ∂L/∂A and ∂L/∂tⱼ of every time; zero for what is unused. */
export function exactGradient(values: LinearValues): Gradient {
  const all = directions(values).map((u) => derivatives(values, u, u).first);
  const [n, m] = [values.y0.length, values.y0.length ** 2];
  return { y0: all.slice(0, n), matrix: all.slice(n, n + m), ts: all.slice(n + m), unused: [0, 0, 0] };
}

/** All second derivatives; rows and columns in the order y0, matrix row by row, ts. */
export function exactHessian(values: LinearValues): readonly (readonly number[])[] {
  const all = directions(values);
  const upper = all.map((u, i) => all.slice(i).map((v) => derivatives(values, u, v).second));
  return all.map((_, i) => all.map((__, k) => (k < i ? upper[k]?.[i - k] : upper[i]?.[k - i]) ?? NaN));
}
