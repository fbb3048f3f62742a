/** Continuous normalizing flows for data that only the user knows: what the command line trains as `--model cnf`. */
import {
  OptionError,
  requireKnownOptions,
  type LossContext,
  type ModelPlugin,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { hiddenSizes, type ActivationName, type ConcatSquashParams, type HiddenSizes } from '@node-ode/nn';
import { cnf, type CnfOptions, type FlowNoise } from './continuous/cnf.ts';
import { exact, hutchinson, type DivergenceMethod } from './continuous/divergence.ts';
import { concatSquashMlp } from './fields/concat-squash-mlp.ts';

type Params = readonly ConcatSquashParams[];

/** Options of `cnfModel`. */
export interface CnfModelOptions {
  /** Hidden layers of the field, `concatSquashMlp`; [64, 64] by default. */
  readonly hidden?: HiddenSizes;
  /** `tanh` by default. */
  readonly activation?: ActivationName;
  /** How the trace is found: `exact`, the default, or estimated by `hutchinson`, for points of many dimensions. */
  readonly divergence?: 'exact' | 'hutchinson';
  /** The time of the data, from 0, that of the base density; 1 by default. */
  readonly t1?: number;
  /** Weights of ∫‖f‖² dt and of ∫‖∂f/∂z‖² dt in the loss (RNODE); 0 by default. */
  readonly regularization?: NonNullable<CnfOptions<Params>['regularization']>;
}

const divergences: Readonly<Record<'exact' | 'hutchinson', () => DivergenceMethod>> = { exact, hutchinson };

/**
 * The continuous normalizing flow of FFJORD (Grathwohl et al. 2019) for densities: maximum likelihood, exact samples.
 *
 * @throws OptionError for an option that is not known or out of range, here or when made.
 * @example
 * const { makes } = cnfModel({ hidden: [64, 64, 64] });
 */
export function cnfModel(options: CnfModelOptions = {}): ModelPlugin {
  const known = { hidden: true, activation: true, divergence: true, t1: true, regularization: true } as const;
  requireKnownOptions('cnfModel', options, known);
  const { hidden = [64, 64], activation = 'tanh', divergence = 'exact', t1 = 1, regularization = {} } = options;
  if (!Object.hasOwn(divergences, divergence)) {
    throw new OptionError('cnfModel', `divergence '${String(divergence)}'`, { expected: "'exact' or 'hutchinson'" });
  }
  return {
    name: 'cnf',
    makes: {
      density: ({ ode, dimension, dtype }) => {
        const sizes = [dimension, ...hiddenSizes('cnfModel', hidden), dimension];
        const field = concatSquashMlp({ sizes, activation, dtype });
        const flow = cnf({ dimension, field, ode, t1, divergence: divergences[divergence](), regularization, dtype });
        return {
          name: 'cnf',
          init: flow.init,
          base: flow.base,
          noise: (random, samples) => flow.noise(random, samples),
          loss: (params: TensorsOf<Params>, { x }, { noise }: LossContext<FlowNoise<Tensor>>) =>
            flow.loss(params, { x, ...noise }),
          logProb: (params: TensorsOf<Params>, x, noise: FlowNoise<Tensor>) => flow.logProb(params, { x, ...noise }),
          sample: (params: TensorsOf<Params>, base) => flow.sample(params, base).x,
        };
      },
    },
  };
}
