/** The model, dz/dt = MLP(z) with a learned initial value, and the compiled step that trains it. */
import {
  createOde,
  random,
  valueAndGrad,
  type Backend,
  type Compiled,
  type HostArray,
  type Ode,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { autonomous, neuralOde, type NeuralOde } from '@node-ode/model-node';
import {
  adamw,
  applyGradients,
  clipByGlobalNorm,
  cosineDecay,
  mlp,
  mse,
  trainState,
  type Layer,
  type MlpParams,
  type TrainState,
} from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import type { BackendName } from './backends.ts';
import type { Batch } from './curriculum.ts';
import { toState, type Problem } from './problem.ts';

/** What is learned. */
export interface Params {
  readonly net: MlpParams;
  /** The state in the first year, shape [1, 2]. */
  readonly y0: HostArray;
}

/** What a training step carries. */
export type State = TrainState<HostArray, Params>;

/** What a run is made from. */
export interface Settings {
  readonly steps: number;
  readonly seed: number;
  readonly rtol: number;
  readonly atol: number;
  readonly backend: BackendName;
}

/** The parts of a run. */
export interface Experiment {
  readonly ode: Ode;
  /** The vector field over states. */
  readonly net: Layer<MlpParams>;
  /** Its flow. */
  readonly block: NeuralOde<MlpParams, Tensor>;
  readonly state: State;
  readonly step: Compiled<[TracedState, TensorsOf<Batch>], { state: TracedState; loss: Tensor }>;
}

type TracedState = TrainState<Tensor, TensorsOf<Params>>;

/** Features of each layer. */
export const layerSizes = [2, 32, 2];

/** Solver, gradient, engine, model and optimiser, put together. */
export function createExperiment(
  problem: Problem,
  { steps, seed, rtol, atol }: Omit<Settings, 'backend'>,
  backend: Backend,
): Experiment {
  const ode = createOde({ backend, solver: dopri5(), gradient: adjoint({ seminorm: true }), rtol, atol });
  const net = mlp({ sizes: layerSizes, activation: 'tanh' });
  const block = neuralOde({ dynamics: autonomous(net), ode, output: 'trajectory', ts: [0, 1] });
  const learningRate = cosineDecay({ initial: 2e-3, final: 1e-4, steps });
  const optimizer = adamw({ learningRate, beta2: 0.99, weightDecay: 1e-2 });
  const params: Params = { net: block.init(random(seed)), y0: toState(problem, problem.train.slice(0, 1)) };
  return {
    ode,
    net,
    block,
    state: trainState(optimizer, params),
    step: ode.compile(function trainingStep(state: TracedState, { y0, ts, target }: TensorsOf<Batch>) {
      const loss = (p: TensorsOf<Params>): Tensor => mse(block.solve(p.net, y0 ?? p.y0, ts).ys, target);
      const { value, grad } = valueAndGrad(loss)(state.params);
      return { state: applyGradients(optimizer, state, clipByGlobalNorm(grad, 1)), loss: value };
    }),
  };
}
