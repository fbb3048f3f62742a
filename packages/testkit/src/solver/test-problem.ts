/** The initial value problems that a solver's steps are checked on: states of several leaves whose solutions are known. */
import { array, matmul, type FloatDType, type HostArray, type LeafDynamics, type Tensor } from '@node-ode/core';
import { orderReference } from '../problems/linear-reference.ts';
import { propagate } from '../problems/matrix-exponential.ts';
import { rounded } from '../support/precision.ts';
import { scalar } from '../support/random-arrays.ts';

/** y' = f(t, y) over leaves of one dtype, with its solution. */
export interface TestProblem {
  readonly name: string;
  readonly f: LeafDynamics;
  readonly t0: number;
  readonly t1: number;
  /** The state at `t0`. */
  readonly y0: readonly HostArray[];
  /** All leaves' elements at time t, one after the other. */
  readonly solution: (t: number) => readonly number[];
}

/**
 * y' = Ay, A = ½·randn(10, 10), t from 0 to 4: one leaf, linear, autonomous. `data` is the dtype that A and y(0) are numbers
 * of: with 'f32' the problem in f64 is the very one that f32 solves.
 */
export function linearProblem(dtype: FloatDType, data = dtype): TestProblem {
  const matrix = orderReference.matrix.map((row) => row.map((x) => rounded(x, data)));
  const y0 = orderReference.y0.map((x) => rounded(x, data));
  const a = array(matrix, { dtype });
  const n = y0.length;
  return {
    name: "y' = Ay",
    f: (_, [y]) => [matmul(a, (y as Tensor).reshape([n, 1])).reshape([n])],
    t0: 0,
    t1: 4,
    y0: [array(y0, { dtype })],
    solution: (t) => propagate(matrix, t, y0),
  };
}

/** Times as a tensor that broadcasts against a leaf whose leading axes they have. */
export const along = (t: Tensor, leaf: Tensor): Tensor =>
  t.rank === 0 || t.rank === leaf.rank ? t : t.reshape([...t.shape, ...leaf.shape.slice(t.rank).map(() => 1)]);

const turn = [
  [0, -1],
  [1, 0],
];

/**
 * A scalar, a vector and a matrix that depend on time and on one another, t from 0 to 2:
 * a' = −2ta², b' = a(1 + t²)·cos t·(−b₂, b₁), c' = cos t·c + (a − 1/(1 + t²)), whose solution is a = 1/(1 + t²),
 * b turned by sin t, and c = c(0)·exp(sin t).
 */
export function coupledProblem(dtype: FloatDType, data = dtype): TestProblem {
  const turning = array(turn, { dtype });
  const [b0, c0] = [[0.8, -0.3].map((x) => rounded(x, data)), [1, -2, 0.5, 0.25, 3, -1]];
  return {
    name: 'a coupled non-linear system',
    f: (t, [a, b, c]) => {
      const [scale, rate] = [(a as Tensor).mul(t.square().add(1)), t.cos()];
      const excess = (a as Tensor).sub(t.square().add(1).reciprocal());
      return [
        (a as Tensor).square().mul(t).mul(-2),
        matmul((b as Tensor).reshape([1, 2]), turning, { transposeB: true })
          .reshape([2])
          .mul(scale.mul(rate)),
        (c as Tensor).mul(rate).add(excess),
      ];
    },
    t0: 0,
    t1: 2,
    y0: [scalar(1, dtype), array(b0, { dtype }), array(c0, { shape: [2, 3], dtype })],
    solution: (t) => {
      const [s, growth] = [Math.sin(t), Math.exp(Math.sin(t))];
      const [x, y] = [b0[0] ?? 0, b0[1] ?? 0];
      const turned = [x * Math.cos(s) - y * Math.sin(s), x * Math.sin(s) + y * Math.cos(s)];
      return [1 / (1 + t * t), ...turned, ...c0.map((c) => c * growth)];
    },
  };
}

/**
 * A problem whose samples are independent: leaves lead with the batch, and t is a scalar or has the batch's shape.
 * p' = −2tp², q' = cos t·q·M.
 */
export const sampleDynamics = (dtype: FloatDType): LeafDynamics => {
  const m = array(mixing, { dtype });
  return (t, [p, q]) => {
    const [samples, rows] = [p as Tensor, q as Tensor];
    const mixed = rows.rank === 1 ? matmul(rows.reshape([1, -1]), m).reshape([-1]) : matmul(rows, m);
    return [samples.square().mul(along(t, samples)).mul(-2), mixed.mul(along(t.cos(), rows))];
  };
};

const mixing = [
  [0.2, -0.5, 0.1],
  [0.4, 0.3, -0.2],
  [-0.1, 0.6, 0.5],
];
