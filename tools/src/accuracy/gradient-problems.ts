/** Losses of solves whose gradients are known, or can be had by central differences. */
import { array, concat, matmul, random, type HostArray, type Ode, type Tensor } from '@node-ode/core';

/** A scalar function of named arrays that solves an ODE: y0 and every time among them. */
export interface GradientProblem {
  readonly name: string;
  /** Initial value `y0`, times `ts`, and parameters, one of which, `unused`, the loss does not depend on; f64. */
  readonly inputs: Readonly<Record<string, HostArray>>;
  readonly loss: (ode: Ode, inputs: Inputs) => Tensor;
}

/** The inputs as tensors. */
export type Inputs = Readonly<Record<string, Tensor>>;

/** One of the inputs. */
export function input(inputs: Inputs, name: string): Tensor {
  const found = inputs[name];
  if (found === undefined) throw new Error(`no input '${name}'`);
  return found;
}

const vector = (values: readonly number[]): HostArray => array(values, { dtype: 'f64' });

/** y' = Ay as plain numbers, for those who compute its exact derivatives. */
export interface LinearValues {
  readonly matrix: readonly (readonly number[])[];
  readonly y0: readonly number[];
  readonly ts: readonly number[];
  /** The loss is Σ weights[j]·y(ts[j]), the first row at ts[0]. */
  readonly weights: readonly (readonly number[])[];
}

/** A damped rotation in three dimensions, at four times. */
export const linearValues: LinearValues = {
  matrix: [
    [-0.2, 1.5, 0.4],
    [-1.3, -0.1, 0.3],
    [0.5, -0.6, 0.1],
  ],
  y0: [0.9, -0.4, 0.7],
  ts: [0.3, 0.9, 1.2, 2.5],
  weights: [
    [0.2, -0.3, 0.5],
    [1, 0.4, -0.8],
    [-0.5, 0.7, 0.3],
    [0.6, 1.1, -0.2],
  ],
};

/** y' = Ay with a loss that is linear in the solution at every time. */
export function linearProblem({ matrix, y0, ts, weights }: LinearValues = linearValues): GradientProblem {
  const n = y0.length;
  return {
    name: 'linear',
    inputs: { y0: vector(y0), ts: vector(ts), matrix: array(matrix, { dtype: 'f64' }), unused: vector([1, 2, 3]) },
    loss: (ode, x) => {
      const a = input(x, 'matrix');
      const f = (_t: Tensor, y: Tensor): Tensor => matmul(a, y.reshape([n, 1])).reshape([n]);
      return ode
        .odeint(f, input(x, 'y0'), input(x, 'ts'))
        .ys.mul(array(weights, { dtype: 'f64' }))
        .sum();
    },
  };
}

/** y' = −40·(y − p·cos t) − y³ from its attractor's side: solved backwards, errors of y grow by e^(40·t) until y³ has a pole. */
export const contractingProblem = (): GradientProblem => ({
  name: 'contracting',
  inputs: { y0: vector([0.3]), p: vector([1.2]) },
  loss: (ode, x) => {
    const p = input(x, 'p');
    const f = (t: Tensor, y: Tensor): Tensor => y.sub(p.mul(t.cos())).mul(-40).sub(y.pow(3));
    return ode.odeint(f, input(x, 'y0'), [0, 2]).ys.at(1).square().sum();
  },
});

/** A network 3-8-2 of (y, t) on a batch of three, at four times, with a quadratic loss; weights from a fixed seed. */
export function networkProblem(): GradientProblem {
  const rng = random(7);
  const normal = (shape: readonly number[], scale: number): HostArray => {
    const size = shape.reduce((a, b) => a * b, 1);
    return array(
      Float64Array.from({ length: size }, () => scale * rng.normal()),
      { shape, dtype: 'f64' },
    );
  };
  return {
    name: 'network',
    inputs: {
      y0: normal([3, 2], 1),
      ts: vector([0.3, 0.9, 1.2, 2.5]),
      w1: normal([3, 8], 0.7),
      b1: normal([8], 0.3),
      w2: normal([8, 2], 0.7),
      b2: normal([2], 0.3),
      unused: normal([3], 1),
    },
    loss: (ode, x) => {
      const [w1, b1, w2, b2] = ['w1', 'b1', 'w2', 'b2'].map((name) => input(x, name)) as [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      const f = (t: Tensor, y: Tensor): Tensor => {
        const time = t.reshape([1, 1]).broadcastTo([3, 1]);
        return matmul(
          matmul(concat([y, time], 1), w1)
            .add(b1)
            .tanh(),
          w2,
        ).add(b2);
      };
      const { ys } = ode.odeint(f, input(x, 'y0'), input(x, 'ts'));
      return ys
        .square()
        .mul(0.3)
        .sum()
        .add(ys.slice([1, 0, 0], [3, 3, 1]).sum());
    },
  };
}

/** The same loss of a solve that runs from the last time to the first. */
export function backwards(problem: GradientProblem): GradientProblem {
  const { ts } = problem.inputs;
  const times = Array.from(ts?.data ?? []).reverse();
  return { ...problem, name: `${problem.name}, backwards`, inputs: { ...problem.inputs, ts: vector(times) } };
}
