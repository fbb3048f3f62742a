/** The latent ODE with two encoders, and the recurrent baseline: what each gives for all hours from what it has seen. */
import {
  constantStep,
  createOde,
  random,
  valueAndGrad,
  type HostArray,
  type Ode,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import {
  gapRnn,
  klAnnealing,
  latentOde,
  odeRnnEncoder,
  recurrentEncoder,
  type Encoder,
} from '@node-ode/model-latent-ode';
import {
  adam,
  applyGradients,
  clipByGlobalNorm,
  cosineDecay,
  gruCell,
  linear,
  mlp,
  normal,
  trainState,
  type TrainState,
} from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { euler } from '@node-ode/solver-euler';
import type { Batches } from '@node-ode/train';
import { parameterList, type Lab } from '../lab/index.ts';
import { hide, someRecords, type Records } from './data.ts';

/** How models are trained. */
export interface Settings {
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Features of recurrent states and of hidden layers. */
  readonly hidden: number;
  readonly latent: number;
  /** Of the observed hours that are hidden. */
  readonly share: number;
}

/** What a step gets: what is seen, and all that was observed. */
export interface Batch {
  readonly observed: Records;
  readonly target: Records;
  readonly noise: HostArray;
}

/** Means of all values at all hours from what is seen: [records, hours, parameters]. */
export type Predict = (seen: Records) => Promise<HostArray>;

/** What a model is: parameters, a loss, predictions. */
interface Candidate<P> {
  readonly params: P;
  readonly loss: (params: TensorsOf<P>, batch: TensorsOf<Batch>, step: Tensor) => Tensor;
  readonly predict: (params: TensorsOf<P>, seen: TensorsOf<Records>) => Tensor;
}

/** Standard deviation of an observation about the model's mean, in deviations of its parameter. */
const sigma = 0.5;

/** The models by the names of the table. */
export const modelNames = ['latent ODE, GRU encoder', 'latent ODE, ODE-RNN encoder', 'RNN with time gaps'] as const;
export type ModelName = (typeof modelNames)[number];

/** What trainings are called. */
export const idOf = (name: ModelName, seed: number): string => `${name.replaceAll(/\W+/g, '-')}/seed-${seed}`;

/** Trains a model, and gives its predictions. */
export function trained(lab: Lab, name: ModelName, settings: Settings, seed: number, train: Records): Promise<Predict> {
  const ode = createOde({ backend: lab.backend, solver: dopri5(), rtol: 1e-3, atol: 1e-3 });
  const { hidden } = settings;
  const dimensions = train.y.shape[2] ?? 0;
  const id = idOf(name, seed);
  const sizes = { dimensions, hidden, cell: gruCell };
  if (name === 'RNN with time gaps') {
    const model = gapRnn({ ...sizes, decoder: linear(hidden, dimensions), sigma });
    return fitted(lab, id, ode, settings, seed, train, {
      params: model.init(random(seed)),
      loss: (p, batch) => model.loss(p, batch),
      predict: (p, observed) => model.apply(p, { observed }),
    });
  }
  if (name === 'latent ODE, GRU encoder')
    return fitted(lab, id, ode, settings, seed, train, latent(ode, recurrentEncoder(sizes), settings, seed));
  const dynamics = mlp({ sizes: [hidden, hidden, hidden] });
  const solve = { solver: euler(), controller: constantStep({ h: 1 }) };
  const encoder = odeRnnEncoder({ ...sizes, dynamics, ode, solve });
  return fitted(lab, id, ode, settings, seed, train, latent(ode, encoder, settings, seed));
}

function latent<E>(ode: Ode, encoder: Encoder<E>, { latent: size, hidden }: Settings, seed: number) {
  const model = latentOde({
    encoder,
    latent: size,
    dynamics: mlp({ sizes: [size, hidden, size] }),
    decoder: mlp({ sizes: [size, hidden, encoder.dimensions] }),
    sigma,
    ode,
  });
  const weight = klAnnealing({ rate: 0.99 });
  const params = model.init(random(seed));
  type P = TensorsOf<typeof params>;
  return {
    params,
    loss: (p: P, batch: TensorsOf<Batch>, step: Tensor) => model.loss(p, { ...batch, klWeight: weight(step) }),
    predict: (p: P, seen: TensorsOf<Records>) => model.decode(p, model.encode(p, seen).mean, seen.t),
  };
}

/** Trains on hours hidden anew in each step. */
async function fitted<P>(
  lab: Lab,
  id: string,
  ode: Ode,
  { steps, batchSize, learningRate, latent: size, share }: Settings,
  seed: number,
  train: Records,
  { params, loss, predict }: Candidate<P>,
): Promise<Predict> {
  const optimizer = adam({ learningRate: cosineDecay({ initial: learningRate, final: learningRate / 50, steps }) });
  const { arrays, rebuild } = parameterList('physionet', params);
  const step = ode.compile((state: TrainState<Tensor, readonly Tensor[]>, batch: TensorsOf<Batch>) => {
    const lossOf = (tensors: readonly Tensor[]): Tensor => loss(rebuild(tensors), batch, state.optimizer.step);
    const { value, grad } = valueAndGrad(lossOf)(state.params);
    return { state: applyGradients(optimizer, state, clipByGlobalNorm(grad, 100)), loss: value };
  });
  const batches: Batches<Batch> = ({ random: rng }) =>
    batchesOf(train, batchSize, rng.shuffle(train.y.shape[0] ?? 0), (target) => ({
      observed: { ...target, mask: hide(target.mask, share, rng).seen },
      target,
      noise: normal()(rng, [batchSize, size], 'f32'),
    }));
  const state = trainState(optimizer, arrays);
  const result = await lab.train(id, { step, state, batches, steps, random: random(seed + 1000) });
  const run = ode.compile((tensors: readonly Tensor[], seen: TensorsOf<Records>) => predict(rebuild(tensors), seen));
  return async (seen) => (await run(result.state.params, seen)).read();
}

function* batchesOf(
  train: Records,
  size: number,
  order: Int32Array,
  of: (records: Records) => Batch,
): Generator<Batch> {
  for (let at = 0; at + size <= order.length; at += size) yield of(someRecords(train, order.subarray(at, at + size)));
}
