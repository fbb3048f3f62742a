/** Latent ODEs for data that only the user knows: what the command line trains as `--model latent-ode`. */
import {
  array,
  concat,
  OptionError,
  requireKnownOptions,
  type HostArray,
  type LossContext,
  type ModelPlugin,
  type SeriesSetup,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { gruCell, hiddenSizes, mlp, type HiddenSizes, type MlpParams } from '@node-ode/nn';
import type { Encoder } from './encoder.ts';
import { klAnnealing } from './kl-annealing.ts';
import { latentOde, type LatentOdeParams } from './latent-ode.ts';
import { odeRnnEncoder } from './ode-rnn-encoder.ts';
import { requireSize } from './options.ts';
import { recurrentEncoder } from './recurrent-encoder.ts';

/** Options of `latentOdeModel`. */
export interface LatentOdeModelOptions {
  /** Components of the latent state; 4 by default. */
  readonly latent?: number;
  /** Hidden layers of the dynamics and of the decoder; 20 by default. */
  readonly hidden?: HiddenSizes;
  /** Features of the encoder's hidden state; 25 by default. */
  readonly encoderHidden?: number;
  /** `recurrent`, the default, or `ode-rnn`, whose state moves between observations. */
  readonly encoder?: 'recurrent' | 'ode-rnn';
  /** Standard deviation of the observations' noise, in units of the standardised data; 0.1 by default. */
  readonly sigma?: number;
  /** Steps by whose power the weight of the divergence grows: 1 − rateˢᵗᵉᵖ; 0.99 by default. */
  readonly klRate?: number;
}

/** What the loss draws. */
interface Noise<Leaf> {
  readonly z: Leaf;
}

/**
 * The latent ODE of Chen et al. 2018 and Rubanova et al. 2019 for forecasts of irregular series: the ELBO, and the mean of the
 * posterior carried into the future.
 *
 * @throws OptionError for an option that is not known or out of range, here or when made.
 * @example
 * const { makes } = latentOdeModel({ latent: 6, encoder: 'ode-rnn' });
 */
export function latentOdeModel(options: LatentOdeModelOptions = {}): ModelPlugin {
  const known = { latent: true, hidden: true, encoderHidden: true, encoder: true, sigma: true, klRate: true } as const;
  requireKnownOptions('latentOdeModel', options, known);
  const { latent = 4, encoder = 'recurrent', sigma = 0.1, klRate = 0.99, encoderHidden = 25 } = options;
  requireSize('latentOdeModel', 'latent', latent);
  const hidden = hiddenSizes('latentOdeModel', options.hidden ?? 20);
  const klWeight = klAnnealing({ rate: klRate });
  const encoders: Readonly<Record<string, (setup: SeriesSetup) => Encoder<unknown>>> = {
    recurrent: ({ dimensions, dtype }) => recurrentEncoder({ dimensions, hidden: encoderHidden, cell: gruCell, dtype }),
    'ode-rnn': ({ dimensions, dtype, ode }) => {
      const dynamics = mlp({ sizes: [encoderHidden, ...hidden, encoderHidden], dtype });
      return odeRnnEncoder({ dimensions, hidden: encoderHidden, cell: gruCell, dynamics, ode, dtype });
    },
  };
  const makeEncoder = Object.hasOwn(encoders, encoder) ? encoders[encoder] : undefined;
  if (makeEncoder === undefined) {
    throw new OptionError('latentOdeModel', `encoder '${String(encoder)}'`, {
      expected: Object.keys(encoders).join(' or '),
    });
  }
  return {
    name: 'latentOde',
    makes: {
      forecast: (setup) => {
        const { dimensions, dtype, ode } = setup;
        const model = latentOde({
          encoder: makeEncoder(setup),
          latent,
          dynamics: mlp({ sizes: [latent, ...hidden, latent], dtype }),
          decoder: mlp({ sizes: [latent, ...hidden, dimensions], dtype }),
          sigma,
          ode,
          dtype,
        });
        type Params = TensorsOf<LatentOdeParams<unknown, MlpParams, MlpParams>>;
        return {
          name: 'latentOde',
          init: model.init,
          noise: (random, samples): Noise<HostArray> => ({
            z: array(
              Float64Array.from({ length: samples * latent }, () => random.normal()),
              { dtype, shape: [samples, latent] },
            ),
          }),
          loss: (params: Params, observed, { noise, step }: LossContext<Noise<Tensor>>) =>
            model.loss(params, { observed, noise: noise.z, klWeight: klWeight(step) }),
          forecast: (params: Params, observed, t) => {
            const start = observed.t.at(0).reshape([1]);
            const all = model.decode(params, model.encode(params, observed).mean, concat([start, t], 0));
            const [samples = 0, times = 0] = all.shape;
            return all.slice([0, 1, 0], [samples, times - 1, dimensions]);
          },
        };
      },
    },
  };
}
