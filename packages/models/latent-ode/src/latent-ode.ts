/** The latent ODE: a variational autoencoder whose latent state moves by a differential equation. */
import {
  formatType,
  isHostArray,
  isTensor,
  ShapeError,
  type FloatDType,
  type HostArray,
  type Model,
  type Ode,
  type Solution,
  type SolveOptions,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { linear, type Layer, type LinearParams } from '@node-ode/nn';
import type { Encoder } from './encoder.ts';
import { gaussianLogLikelihood, klFromStandardNormal, requireSigma, sampleGaussian } from './gaussian.ts';
import type { Gaussian, Sigma } from './gaussian.ts';
import { requireSize } from './options.ts';
import { firstTime, type SeriesBatch } from './series.ts';

/** What a latent ODE is made of. */
export interface LatentOdeOptions<EncoderParams, DynamicsParams, DecoderParams> {
  /** Recognition network: `recurrentEncoder`, `odeRnnEncoder` or one of yours. */
  readonly encoder: Encoder<EncoderParams>;
  /** Components of the latent state. */
  readonly latent: number;
  /** dz/dt = f(z), from `latent` to `latent` features. It does not depend on time: z(t) then tells the whole trajectory. */
  readonly dynamics: Layer<DynamicsParams>;
  /** The mean of an observation, from `latent` features to the encoder's dimensions. */
  readonly decoder: Layer<DecoderParams>;
  /** Standard deviation of the observations' noise: one number, or one for each component. */
  readonly sigma: Sigma;
  /** Solver, controller and gradient method, put together by `createOde`. */
  readonly ode: Pick<Ode, 'odeint'>;
  /** What the latent solves override: tolerances, solver, `maxSteps` … */
  readonly solve?: SolveOptions;
  /** Of the parameters of the posterior; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** Parameters of a latent ODE. */
export interface LatentOdeParams<EncoderParams, DynamicsParams, DecoderParams> {
  readonly encoder: EncoderParams;
  /** From the encoder's features to μ and log σ² of q(z₀ | x). */
  readonly posterior: LinearParams;
  readonly dynamics: DynamicsParams;
  readonly decoder: DecoderParams;
}

/** What a latent ODE is trained on. */
export interface LatentOdeBatch {
  /** What the encoder sees. */
  readonly observed: SeriesBatch;
  /**
   * What is to be explained; `observed` by default. The latent state that is inferred is that at the first of its times.
   * Give other values, times or masks to train on interpolation or on extrapolation.
   */
  readonly target?: SeriesBatch;
  /** Standard normal numbers [samples, latent], drawn on the host: `normal()(rng, [samples, latent])`. */
  readonly noise: Tensor;
  /** Weight of the divergence, a scalar; 1 by default. `klAnnealing` gives one that grows. */
  readonly klWeight?: Tensor;
}

/** The parts of the evidence lower bound. */
export interface Elbo {
  /** log p(x | z₀) − klWeight · KL(q(z₀ | x) ‖ p(z₀)), the mean over the series: a scalar. */
  readonly elbo: Tensor;
  /** log p(x | z₀) of each series, at the z₀ that was drawn: [samples]. */
  readonly logLikelihood: Tensor;
  /** KL(q(z₀ | x) ‖ p(z₀)) of each series: [samples]. */
  readonly kl: Tensor;
  /** The means of the target's values: [samples, times, dimensions]. */
  readonly predicted: Tensor;
}

/** Times: [times] for all series, or [samples, times]. */
export type SeriesTimes = Tensor | HostArray | readonly number[] | readonly (readonly number[])[];

/** A latent ODE. */
export interface LatentOde<EncoderParams, DynamicsParams, DecoderParams> extends Model<
  LatentOdeParams<EncoderParams, DynamicsParams, DecoderParams>,
  LatentOdeBatch,
  Tensor
> {
  readonly latent: number;
  /** q(z₀ | x), with z₀ the latent state at `t0`: a scalar, or one time for each series; the first of `series` by default. */
  encode(
    params: TensorsOf<Params<EncoderParams, DynamicsParams, DecoderParams>>,
    series: SeriesBatch,
    t0?: Tensor,
  ): Gaussian;
  /** The latent states at times of which the first is that of `z0` [samples, latent]; times first, with the solve's statistics. */
  trajectory(
    params: TensorsOf<Params<EncoderParams, DynamicsParams, DecoderParams>>,
    z0: Tensor,
    ts: SeriesTimes,
    options?: SolveOptions,
  ): Solution<Tensor>;
  /**
   * Means of observations [samples, times, dimensions] at times of which the first is that of `z0`: increasing ones go on
   * into the future, decreasing ones back into the past. From standard normal `z0` they are samples of the prior.
   */
  decode(
    params: TensorsOf<Params<EncoderParams, DynamicsParams, DecoderParams>>,
    z0: Tensor,
    ts: SeriesTimes,
    options?: SolveOptions,
  ): Tensor;
  /** The evidence lower bound and its parts. */
  elbo(params: TensorsOf<Params<EncoderParams, DynamicsParams, DecoderParams>>, batch: LatentOdeBatch): Elbo;
  /** −ELBO. */
  readonly loss: (
    params: TensorsOf<Params<EncoderParams, DynamicsParams, DecoderParams>>,
    batch: LatentOdeBatch,
  ) => Tensor;
}

type Params<E, D, O> = LatentOdeParams<E, D, O>;

/**
 * The latent ODE of Chen et al. 2018 (section 5, eq. 11 to 13) and Rubanova et al. 2019 (section 3.2):
 *
 *     z(t₀) ~ N(0, I),   dz/dt = f(z),   xᵢ ~ N(decoder(z(tᵢ)), σ²),   q(z(t₀) | x) = N(μ, diag σ²) from the encoder.
 *
 * `apply(params, batch)` gives the means at the target's times of a z₀ drawn from the posterior by the batch's noise.
 *
 * @throws OptionError if `latent` is no positive integer or σ is not positive. When applied: ShapeError if the parts or the
 * batch don't fit each other; what `odeint` throws.
 * @example
 * const model = latentOde({
 *   encoder: recurrentEncoder({ dimensions: 2, hidden: 25, cell: gruCell }),
 *   latent: 4, dynamics: mlp({ sizes: [4, 20, 4] }), decoder: mlp({ sizes: [4, 20, 2] }), sigma: 0.3, ode,
 * });
 * const params = model.init(random(0));
 * const loss = (p: TensorsOf<typeof params>, batch: LatentOdeBatch) => model.loss(p, batch);
 */
export function latentOde<E, D, O>(options: LatentOdeOptions<E, D, O>): LatentOde<E, D, O> {
  const { encoder, latent, dynamics, decoder, sigma, ode, solve = {}, dtype = 'f32' } = options;
  requireSize('latentOde', 'latent', latent);
  requireSigma('latentOde', sigma, encoder.dimensions);
  const posterior = linear(encoder.features, 2 * latent, { dtype });
  const encode: LatentOde<E, D, O>['encode'] = (params, series, t0 = firstTime(series.t)) => {
    const moments = posterior.apply(params.posterior, encoder.apply(params.encoder, series, t0));
    const [samples = 0] = moments.shape;
    const part = (i: number): Tensor => moments.slice([0, i * latent], [samples, latent]);
    return { mean: part(0), logVariance: part(1) };
  };
  const trajectory: LatentOde<E, D, O>['trajectory'] = (params, z0, ts, overrides = {}) => {
    requireLatent(z0, latent);
    return ode.odeint((_t, z: Tensor) => dynamics.apply(params.dynamics, z), z0, ts, {
      ...solve,
      ...overrides,
      perSample: isForEach(ts),
    });
  };
  const decode: LatentOde<E, D, O>['decode'] = (params, z0, ts, overrides) => {
    const predicted = decoder.apply(params.decoder, trajectory(params, z0, ts, overrides).ys);
    requireDecoded(predicted, encoder.dimensions);
    return predicted.transpose([1, 0, 2]);
  };
  const elbo: LatentOde<E, D, O>['elbo'] = (params, { observed, target = observed, noise, klWeight }) => {
    const q = encode(params, observed, firstTime(target.t));
    const predicted = decode(params, sampleGaussian(q, noise), target.t);
    const logLikelihood = gaussianLogLikelihood(predicted, target.y, target.mask, sigma).sum({ axes: [1, 2] });
    const kl = klFromStandardNormal(q);
    const weighted = klWeight === undefined ? kl : kl.mul(klWeight);
    return { elbo: logLikelihood.sub(weighted).mean(), logLikelihood, kl, predicted };
  };
  return {
    name: 'latentOde',
    latent,
    init: (random) => ({
      encoder: encoder.init(random),
      posterior: posterior.init(random),
      dynamics: dynamics.init(random),
      decoder: decoder.init(random),
    }),
    encode,
    trajectory,
    decode,
    elbo,
    loss: (params, batch) => elbo(params, batch).elbo.neg(),
    apply: (params, { observed, target = observed, noise }) =>
      decode(params, sampleGaussian(encode(params, observed, firstTime(target.t)), noise), target.t),
  };
}

const isForEach = (ts: SeriesTimes): boolean =>
  isTensor(ts) || isHostArray(ts) ? ts.shape.length === 2 : Array.isArray(ts[0]);

function requireLatent(z0: Tensor, latent: number): void {
  if (z0.rank === 2 && z0.shape[1] === latent) return;
  throw new ShapeError('latentOde', `a latent state ${formatType(z0.type)}`, { expected: `[samples, ${latent}]` });
}

function requireDecoded(predicted: Tensor, dimensions: number): void {
  if (predicted.rank === 3 && predicted.shape[2] === dimensions) return;
  throw new ShapeError('latentOde', `a decoder that gives ${formatType(predicted.type)}`, {
    expected: `${dimensions} features, the components of an observation`,
  });
}
