/** Latent ODEs for irregular time series (Chen et al. 2018, Rubanova et al. 2019). */
export type { Encoder, MakeCell } from './encoder.ts';
export { gapRnn, type GapRnn, type GapRnnBatch, type GapRnnOptions, type GapRnnParams } from './gap-rnn.ts';
export { gaussianLogLikelihood, klFromStandardNormal, sampleGaussian, type Gaussian, type Sigma } from './gaussian.ts';
export { klAnnealing, type KlAnnealingOptions } from './kl-annealing.ts';
export {
  latentOde,
  type Elbo,
  type LatentOde,
  type LatentOdeBatch,
  type LatentOdeOptions,
  type LatentOdeParams,
  type SeriesTimes,
} from './latent-ode.ts';
export { odeRnnEncoder, type OdeRnnEncoderOptions, type OdeRnnParams } from './ode-rnn-encoder.ts';
export { recurrentEncoder, type RecurrentEncoderOptions } from './recurrent-encoder.ts';
export type { SeriesBatch } from './series.ts';
export { latentOdeModel, type LatentOdeModelOptions } from './plugin.ts';
