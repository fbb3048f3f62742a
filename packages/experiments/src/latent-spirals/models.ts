/** Both models, and the compiled steps that train them. */
import {
  createOde,
  random,
  valueAndGrad,
  type Backend,
  type HostArray,
  type Ode,
  type Random,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { gapRnn, klAnnealing, latentOde, recurrentEncoder, type SeriesBatch } from '@node-ode/model-latent-ode';
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
  type Optimizer,
  type TrainState,
} from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import type { Batches } from '@node-ode/train';
import { someOf, type HostSeries, type Spirals } from './data.ts';

/** How models are trained. */
export interface Settings {
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly latent: number;
  readonly rtol: number;
}

/** Of the noise, which the likelihood knows. */
const sigma = 0.3;
/** Hidden features of both recurrent networks, as in the paper. */
const hidden = 25;

/** The latent ODE: a GRU with 25 features run backwards, f and decoder with one hidden layer of 20. */
export function latentModel(backend: Backend, { latent, rtol }: Pick<Settings, 'latent' | 'rtol'>) {
  const ode = createOde({ backend, solver: dopri5(), rtol, atol: rtol });
  const model = latentOde({
    encoder: recurrentEncoder({ dimensions: 2, hidden, cell: gruCell }),
    latent,
    dynamics: mlp({ sizes: [latent, 20, latent], activation: 'elu' }),
    decoder: mlp({ sizes: [latent, 20, 2], activation: 'relu' }),
    sigma,
    ode,
  });
  return { ode, model };
}

/** The baseline: a GRU with 25 features that is told the time to the next observation. */
export const rnnModel = () => gapRnn({ dimensions: 2, hidden, cell: gruCell, decoder: linear(hidden, 2), sigma });

/** The parameters of either. */
export type LatentParams = ReturnType<ReturnType<typeof latentModel>['model']['init']>;
export type RnnParams = ReturnType<ReturnType<typeof rnnModel>['init']>;

/** Adam, whose rate falls to a fiftieth. */
const optimizerOf = ({ learningRate, steps }: Settings): Optimizer =>
  adam({ learningRate: cosineDecay({ initial: learningRate, final: learningRate / 50, steps }) });

/** Batches of all series once, in a new order, all of one size. */
function* shuffled<B>(rng: Random, samples: number, size: number, take: (indices: Int32Array) => B): Generator<B> {
  const order = rng.shuffle(samples);
  for (let at = 0; at + size <= samples; at += size) yield take(order.subarray(at, at + size));
}

/** What a step of the latent ODE gets. */
export interface LatentBatch {
  readonly observed: HostSeries;
  /** The observed points among the times that all series share. */
  readonly target: HostSeries;
  readonly noise: HostArray;
}

/** A step of training. */
const stepOf = <P, B>(
  ode: Pick<Ode, 'compile'>,
  optimizer: Optimizer,
  loss: (params: P, batch: B, step: Tensor) => Tensor,
) =>
  ode.compile((state: TrainState<Tensor, P>, batch: B) => {
    const { value, grad } = valueAndGrad((params: P) => loss(params, batch, state.optimizer.step))(state.params);
    return { state: applyGradients(optimizer, state, clipByGlobalNorm(grad, 1000)), loss: value };
  });

/** What trains the latent ODE from a seed. */
export function latentTraining(backend: Backend, settings: Settings, seed: number, { observed, grid }: Spirals) {
  const { ode, model } = latentModel(backend, settings);
  const optimizer = optimizerOf(settings);
  const params = model.init(random(seed));
  const weight = klAnnealing({ rate: 0.99 });
  const step = stepOf(ode, optimizer, (p: TensorsOf<typeof params>, batch: TensorsOf<LatentBatch>, at) =>
    model.loss(p, { ...batch, klWeight: weight(at) }),
  );
  const batches: Batches<LatentBatch> = ({ random: rng }) =>
    shuffled(rng, observed.y.shape[0] ?? 0, settings.batchSize, (indices) => ({
      observed: {
        t: someOf(observed.t, indices),
        y: someOf(observed.y, indices),
        mask: someOf(observed.mask, indices),
      },
      target: { t: grid.t, y: someOf(grid.y, indices), mask: someOf(grid.mask, indices) },
      noise: normal()(rng, [indices.length, settings.latent], 'f32'),
    }));
  return { step, state: trainState(optimizer, params), batches, steps: settings.steps, random: random(seed + 1000) };
}

/** What trains the baseline from a seed. */
export function rnnTraining(backend: Backend, settings: Settings, seed: number, { observed }: Spirals) {
  const model = rnnModel();
  const optimizer = optimizerOf(settings);
  const params = model.init(random(seed));
  const { ode } = latentModel(backend, settings);
  const step = stepOf(ode, optimizer, (p: TensorsOf<typeof params>, batch: { readonly observed: SeriesBatch }) =>
    model.loss(p, batch),
  );
  const batches: Batches<{ readonly observed: HostSeries }> = ({ random: rng }) =>
    shuffled(rng, observed.y.shape[0] ?? 0, settings.batchSize, (indices) => ({
      observed: {
        t: someOf(observed.t, indices),
        y: someOf(observed.y, indices),
        mask: someOf(observed.mask, indices),
      },
    }));
  return { step, state: trainState(optimizer, params), batches, steps: settings.steps, random: random(seed + 1000) };
}
