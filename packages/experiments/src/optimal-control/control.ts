/** A network as a control, its cost, and how it is trained. */
import {
  array,
  valueAndGrad,
  type Compiled,
  type HostArray,
  type Ode,
  type Random,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adam, applyGradients, cosineDecay, mlp, trainState, type MlpParams, type TrainState } from '@node-ode/nn';
import type { ControlProblem } from './problems.ts';

/** Parameters of a control. */
export interface ControlParams {
  readonly net: MlpParams;
  /** Logarithm of the duration, where it is free. */
  readonly logDuration: HostArray;
}

type Traced = TensorsOf<ControlParams>;

/** A control u(s) for the share s of the duration, from 0 to 1, and the duration. */
export interface Control {
  u(params: Traced, s: Tensor): Tensor;
  duration(params: Traced): Tensor;
}

/** Position and velocity. */
export interface Place<T> {
  readonly x: T;
  readonly v: T;
}

/** All of double precision. */
const dtype = 'f64';

/** u = MLP(s), through tanh where it is bounded. */
export function neuralControl(
  problem: ControlProblem,
  width: number,
): Control & { init(random: Random): ControlParams } {
  const finalActivation = problem.bounded ? 'tanh' : 'identity';
  const net = mlp({ sizes: [1, width, width, 1], activation: 'tanh', finalActivation, dtype });
  return {
    init: (random) => ({
      net: net.init(random),
      logDuration: array(Math.log(problem.firstDuration), { dtype }),
    }),
    u: ({ net: params }, s) => net.apply(params, s.mul(2).sub(1).reshape([1])).reshape([]),
    duration: ({ logDuration }) => (problem.free ? logDuration.exp() : logDuration.mul(0).add(problem.firstDuration)),
  };
}

/** States (x, v, cost so far) at shares of the duration, from a place at the first of them. */
export function states(
  ode: Ode,
  problem: ControlProblem,
  control: Control,
  params: Traced,
  { x, v }: Place<Tensor>,
  shares: Tensor | readonly number[],
): Place<Tensor> & { readonly cost: Tensor } {
  const duration = control.duration(params);
  return ode.odeint(
    (s, y: { x: Tensor; v: Tensor; cost: Tensor }) => {
      const u = control.u(params, s);
      return { x: y.v.mul(duration), v: u.mul(duration), cost: problem.running(u).mul(duration) };
    },
    { x, v, cost: x.mul(0) },
    shares,
  ).ys;
}

/** L = J + λ·z(T) + μ/2·|z(T)|², the augmented Lagrangian for rest at 0, of what is left of a path; and the path's end. */
export function lagrangian(
  ode: Ode,
  problem: ControlProblem,
  control: Control,
  params: Traced,
  {
    lambda,
    mu,
    from,
    shares,
  }: {
    readonly lambda: Place<Tensor>;
    readonly mu: number;
    readonly from: Place<Tensor>;
    readonly shares: Tensor | readonly number[];
  },
): { readonly value: Tensor; readonly end: Place<Tensor> & { readonly cost: Tensor } } {
  const ys = states(ode, problem, control, params, from, shares);
  const end = { x: ys.x.at(-1), v: ys.v.at(-1), cost: ys.cost.at(-1) };
  const penalty = end.x
    .square()
    .add(end.v.square())
    .mul(mu / 2);
  return { value: end.cost.add(lambda.x.mul(end.x)).add(lambda.v.mul(end.v)).add(penalty), end };
}

/** What a training step carries. */
export interface ControlState<Scalar, P> {
  readonly train: TrainState<Scalar, P>;
  /** Multipliers of the target: at the optimum, the costates at the end. */
  readonly lambda: Place<Scalar>;
}

type TracedState = ControlState<Tensor, Traced>;

/** How a control is trained. */
export interface ControlTraining {
  readonly steps: number;
  readonly learningRate: number;
  /** Weight of the penalty. */
  readonly mu: number;
  /** Multipliers grow by this times the miss, in each step. */
  readonly multiplierRate: number;
}

/** The state before training. */
export const firstState = (
  params: ControlParams,
  training: ControlTraining,
): ControlState<HostArray, ControlParams> => ({
  train: trainState(optimizerOf(training), params),
  lambda: { x: array(0, { dtype }), v: array(0, { dtype }) },
});

const optimizerOf = ({ learningRate, steps }: ControlTraining) =>
  adam({ learningRate: cosineDecay({ initial: learningRate, final: learningRate / 100, steps }) });

/** Down for the parameters by Adam, up for the multipliers (Arrow, Hurwicz & Uzawa 1958; Hestenes 1969). */
export function trainingStep(
  ode: Ode,
  problem: ControlProblem,
  control: Control,
  training: ControlTraining,
): Compiled<[TracedState, Place<Tensor>], { state: TracedState; loss: Tensor; cost: Tensor; miss: Tensor }> {
  const optimizer = optimizerOf(training);
  return ode.compile(({ train, lambda }: TracedState, from: Place<Tensor>) => {
    const loss = (params: Traced): Tensor =>
      lagrangian(ode, problem, control, params, { lambda, mu: training.mu, from, shares: [0, 1] }).value;
    const { value, grad } = valueAndGrad(loss)(train.params);
    const next = applyGradients(optimizer, train, grad);
    const { x, v, cost } = lagrangian(ode, problem, control, next.params, { lambda, mu: 0, from, shares: [0, 1] }).end;
    const raise = (multiplier: Tensor, miss: Tensor): Tensor => multiplier.add(miss.mul(training.multiplierRate));
    return {
      state: { train: next, lambda: { x: raise(lambda.x, x), v: raise(lambda.v, v) } },
      loss: value,
      cost,
      miss: x.square().add(v.square()).sqrt(),
    };
  });
}
