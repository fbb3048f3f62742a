/** Both models, and the compiled steps that train them. */
import {
  array,
  asTensor,
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
import {
  gapRnn,
  gaussianLogLikelihood,
  klAnnealing,
  klFromStandardNormal,
  latentOde,
  recurrentEncoder,
  sampleGaussian,
  type SeriesBatch,
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
  type Optimizer,
  type TrainState,
} from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import type { Batches } from '@node-ode/train';
import { along, someOf, someSeries, type HostSeries, type Spirals } from './data.ts';

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
    dynamics: mlp({ sizes: [latent, 20, latent], activation: 'tanh' }),
    decoder: mlp({ sizes: [latent, 20, 2], activation: 'tanh' }),
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
  /** When the state is inferred: a scalar. */
  readonly t0: HostArray;
  /** The observed points behind that time, and before it, as far as it is to both ends of a piece. */
  readonly forwards: Omit<HostSeries, 't'>;
  readonly backwards: Omit<HostSeries, 't'>;
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

/** When the state is inferred in training: at the start of the piece, as in the paper, or at any of its times. */
export type Inferred = 'start' | 'anywhere';

/** −ELBO with the state at t₀, from which points on both sides are explained; without those before it if it is the start. */
function latentLoss(
  { model }: ReturnType<typeof latentModel>,
  inferred: Inferred,
  grid: HostArray,
): (params: TensorsOf<LatentParams>, batch: TensorsOf<LatentBatch>, klWeight: Tensor) => Tensor {
  const likelihood = (
    params: TensorsOf<LatentParams>,
    z0: Tensor,
    ts: Tensor,
    { y, mask }: TensorsOf<LatentBatch>['forwards'],
  ): Tensor => gaussianLogLikelihood(model.decode(params, z0, ts), y, mask, sigma).sum({ axes: [1, 2] });
  return (params, { observed, t0, forwards, backwards, noise }, klWeight) => {
    const posterior = model.encode(params, observed, t0);
    const z0 = sampleGaussian(posterior, noise);
    // The dynamics do not depend on time: solves may begin at 0.
    const ts = asTensor(grid);
    const ahead = likelihood(params, z0, ts, forwards);
    const both = inferred === 'start' ? ahead : ahead.add(likelihood(params, z0, ts.neg(), backwards));
    return klFromStandardNormal(posterior).mul(klWeight).sub(both).mean();
  };
}

/** What trains the latent ODE from a seed. */
export function latentTraining(
  backend: Backend,
  settings: Settings,
  inferred: Inferred,
  seed: number,
  { observed, grid }: Spirals,
) {
  const latent = latentModel(backend, settings);
  const optimizer = optimizerOf(settings);
  const params = latent.model.init(random(seed));
  const weight = klAnnealing({ rate: 0.99 });
  const loss = latentLoss(latent, inferred, grid.t);
  const step = stepOf(latent.ode, optimizer, (p: TensorsOf<LatentParams>, batch: TensorsOf<LatentBatch>, at) =>
    loss(p, batch, weight(at)),
  );
  const batches: Batches<LatentBatch> = ({ random: rng }) =>
    shuffled(rng, observed.y.shape[0] ?? 0, settings.batchSize, (indices) => {
      const from = inferred === 'start' ? 0 : rng.integer(grid.t.data.length);
      const some = { y: someOf(grid.y, indices), mask: someOf(grid.mask, indices) };
      return {
        observed: someSeries(observed, indices),
        t0: array(grid.t.data[from] ?? NaN),
        forwards: { y: along(some.y, from, 1), mask: along(some.mask, from, 1) },
        backwards: { y: along(some.y, from - 1, -1, 1), mask: along(some.mask, from - 1, -1, 1) },
        noise: normal()(rng, [indices.length, settings.latent], 'f32'),
      };
    });
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
      observed: someSeries(observed, indices),
    }));
  return { step, state: trainState(optimizer, params), batches, steps: settings.steps, random: random(seed + 1000) };
}
