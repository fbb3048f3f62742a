/** A small training run on any engine: what `npm run torture` interrupts and `npm run leaks` watches. */
import {
  array,
  createOde,
  random,
  valueAndGrad,
  type Backend,
  type Dataset,
  type HostArray,
  type Ode,
  type OdeOptions,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { inMemory } from '@node-ode/datasets';
import { adjoint } from '@node-ode/gradient-adjoint';
import { autonomous, neuralOde } from '@node-ode/model-node';
import { adam, applyGradients, mlp, mse, trainState, type MlpParams, type TrainState } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';

/** Points, shape [batch, 2], and where they have to go. */
export interface Batch {
  readonly x: HostArray;
  readonly y: HostArray;
}

/** Parameters and moments. */
export type State = TrainState<HostArray, MlpParams>;
/** The same, while a step is traced. */
export type TracedState = TrainState<Tensor, TensorsOf<MlpParams>>;

/** What a step makes of a state and a batch, while it is traced. */
export type TrainingStep = (
  state: TracedState,
  batch: TensorsOf<Batch>,
) => { readonly state: TracedState; readonly loss: Tensor };

/** A model, what it learns from, and the step that trains it: to be compiled by `ode`. */
export interface TrainingJob {
  readonly ode: Ode;
  readonly state: State;
  readonly dataset: Dataset<Batch>;
  readonly step: TrainingStep;
}

/** A Neural ODE that learns a quarter turn of the plane, by dopri5, the adjoint method and Adam, in f32. */
export function trainingJob(
  backend: Backend,
  options: Pick<OdeOptions, 'rtol' | 'atol' | 'maxSteps'> = {},
): TrainingJob {
  const ode = createOde({ backend, solver: dopri5(), gradient: adjoint(), rtol: 1e-3, atol: 1e-4, ...options });
  const model = neuralOde({ dynamics: autonomous(mlp({ sizes: [2, 16, 2] })), ode });
  const optimizer = adam({ learningRate: 0.01 });
  return {
    ode,
    state: trainState(optimizer, model.init(random(1))),
    dataset: quarterTurns(),
    step: function trainingStep(state, { x, y }) {
      const loss = (params: TensorsOf<MlpParams>): Tensor => mse(model.apply(params, x), y);
      const { value, grad } = valueAndGrad(loss)(state.params);
      return { state: applyGradients(optimizer, state, grad), loss: value };
    },
  };
}

function quarterTurns(): Dataset<Batch> {
  const rng = random(2);
  const points = Array.from({ length: 40 }, () => [rng.normal(), rng.normal()]);
  return inMemory('quarter turns', { train: { x: array(points), y: array(points.map(([x = 0, y = 0]) => [-y, x])) } });
}
