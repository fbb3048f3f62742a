/** The initial value problems that a solver's steps are checked on: states of several leaves whose solutions are known. */
import { array, matmul, type HostArray, type LeafDynamics, type Tensor } from '@node-ode/core';
import { order } from '../problems/order.ts';
import { scalar } from '../support/random-arrays.ts';

/** y' = f(t, y) over leaves in f64, with its solution. */
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

/** y' = Ay, A = ½·randn(10, 10), t from 0 to 4: one leaf, linear, autonomous. */
export function linearProblem(): TestProblem {
  const { dynamics, y0, t0, t1, reference, solution } = order('f64');
  return {
    name: "y' = Ay",
    f: (t, [y]) => [dynamics(t, y as Tensor)],
    t0,
    t1,
    y0: [array(y0, { dtype: 'f64' })],
    solution: (t) => solution?.(t) ?? reference.find((point) => point.t === t)?.y ?? [],
  };
}

/** Times as a tensor that broadcasts against a leaf whose leading axes they have. */
export const along = (t: Tensor, leaf: Tensor): Tensor =>
  t.rank === 0 || t.rank === leaf.rank ? t : t.reshape([...t.shape, ...leaf.shape.slice(t.rank).map(() => 1)]);

const turn = array(
  [
    [0, -1],
    [1, 0],
  ],
  { dtype: 'f64' },
);
const [b0, c0] = [
  [0.8, -0.3],
  [1, -2, 0.5, 0.25, 3, -1],
];

/**
 * A scalar, a vector and a matrix that depend on time and on one another, t from 0 to 2:
 * a' = −2ta², b' = a(1 + t²)·cos t·(−b₂, b₁), c' = cos t·c + (a − 1/(1 + t²)), whose solution is a = 1/(1 + t²),
 * b turned by sin t, and c = c(0)·exp(sin t).
 */
export function coupledProblem(): TestProblem {
  return {
    name: 'a coupled non-linear system',
    f: (t, [a, b, c]) => {
      const [scale, rate] = [(a as Tensor).mul(t.square().add(1)), t.cos()];
      const excess = (a as Tensor).sub(t.square().add(1).reciprocal());
      return [
        (a as Tensor).square().mul(t).mul(-2),
        matmul((b as Tensor).reshape([1, 2]), turn, { transposeB: true })
          .reshape([2])
          .mul(scale.mul(rate)),
        (c as Tensor).mul(rate).add(excess),
      ];
    },
    t0: 0,
    t1: 2,
    y0: [scalar(1), array(b0, { dtype: 'f64' }), array(c0, { shape: [2, 3], dtype: 'f64' })],
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
export const sampleDynamics: LeafDynamics = (t, [p, q]) => {
  const [samples, rows] = [p as Tensor, q as Tensor];
  const mixed = rows.rank === 1 ? matmul(rows.reshape([1, -1]), mixing).reshape([-1]) : matmul(rows, mixing);
  return [samples.square().mul(along(t, samples)).mul(-2), mixed.mul(along(t.cos(), rows))];
};

const mixing = array(
  [
    [0.2, -0.5, 0.1],
    [0.4, 0.3, -0.2],
    [-0.1, 0.6, 0.5],
  ],
  { dtype: 'f64' },
);
