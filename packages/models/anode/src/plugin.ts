/** Augmented Neural ODEs for data that only the user knows: what the command line trains as `--model anode`. */
import { requireKnownOptions, type ModelPlugin, type TableSetup, type Tensor, type TensorsOf } from '@node-ode/core';
import { crossEntropy, mse, type ActivationName } from '@node-ode/nn';
import { anode, type AnodeParams } from './anode.ts';
import type { AugmentedOde } from './augmented-ode.ts';

/** Options of `anodeModel`. */
export interface AnodeModelOptions {
  /** Extra dimensions; 5 by default, 0 is a Neural ODE. */
  readonly extra?: number;
  /** Width of both hidden layers of the ODE function; 32 by default. */
  readonly hidden?: number;
  /** `relu` by default, as in the paper. */
  readonly activation?: ActivationName;
  /** How the extra dimensions start; `zeros` by default. */
  readonly augment?: 'zeros' | 'learned';
  /** Where the flow ends; 1 by default. */
  readonly t1?: number;
}

/**
 * The augmented Neural ODE of Dupont, Doucet and Teh 2019 for classification and regression.
 *
 * @throws OptionError for an option that is not known; when made, for one out of range.
 * @example
 * const { makes } = anodeModel({ extra: 5 });
 */
export function anodeModel(options: AnodeModelOptions = {}): ModelPlugin {
  requireKnownOptions('anodeModel', options, { extra: true, hidden: true, activation: true, augment: true, t1: true });
  const make = ({ ode, features, outputs, dtype }: TableSetup): AugmentedOde<AnodeParams> =>
    anode({ extra: 5, ...options, ode, features, outputs, dtype });
  return {
    name: 'anode',
    makes: {
      classification: (setup) => {
        const { name, init, apply } = make(setup);
        return {
          name,
          init,
          apply,
          loss: (params: TensorsOf<AnodeParams>, { x, label }): Tensor => crossEntropy(apply(params, x), label),
        };
      },
      regression: (setup) => {
        const { name, init, apply } = make(setup);
        return {
          name,
          init,
          apply,
          loss: (params: TensorsOf<AnodeParams>, { x, y }): Tensor => mse(apply(params, x), y),
        };
      },
    },
  };
}
