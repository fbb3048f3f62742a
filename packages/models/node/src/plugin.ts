/** Neural ODEs for data that only the user knows: what the command line trains as `--model node`. */
import { requireKnownOptions, type ModelPlugin } from '@node-ode/core';
import { hiddenSizes, mlp, type ActivationName, type HiddenSizes } from '@node-ode/nn';
import { autonomous } from './dynamics.ts';
import { forecaster } from './forecaster.ts';
import { tabularOdeNet, type TabularOdeNetOptions } from './tables/networks.ts';
import { classifier, regressor } from './task.ts';

/** Options of `nodeModel`. */
export interface NodeModelOptions {
  /** Components of the block's state; 32 by default. Of tables only: a series is its own state. */
  readonly width?: number;
  /** Hidden layers of the dynamics; one as wide as the state, or 32 for series, by default. */
  readonly hidden?: HiddenSizes;
  /** `tanh` by default. */
  readonly activation?: ActivationName;
  /** Where the solve of a table's row ends; 1 by default. */
  readonly t1?: number;
}

/**
 * The Neural ODE of Chen et al. 2018 for classification and regression (`tabularOdeNet`) and for forecasts: dy/dt = MLP(y),
 * fitted to trajectories from their first observation, which goes on from the last.
 *
 * @throws OptionError for an option that is not known or out of range; when made, what `tabularOdeNet` and `mlp` throw.
 * @example
 * const { makes } = nodeModel({ hidden: 64 });
 */
export function nodeModel(options: NodeModelOptions = {}): ModelPlugin {
  requireKnownOptions('nodeModel', options, { width: true, hidden: true, activation: true, t1: true });
  const { activation = 'tanh' } = options;
  const network = (of: Pick<TabularOdeNetOptions, 'ode' | 'features' | 'outputs' | 'dtype'>) => {
    const { width = 32, hidden = width, t1 = 1 } = options;
    return tabularOdeNet({ ...of, width, hidden: hiddenSizes('nodeModel', hidden), activation, t1 });
  };
  return {
    name: 'node',
    makes: {
      classification: (setup) => classifier(network(setup)),
      regression: (setup) => regressor(network(setup)),
      forecast: ({ ode, dimensions, dtype }) => {
        const hidden = hiddenSizes('nodeModel', options.hidden ?? 32);
        const net = mlp({ sizes: [dimensions, ...hidden, dimensions], activation, dtype });
        return forecaster({ name: 'node', ode, dynamics: autonomous(net) });
      },
    },
  };
}
