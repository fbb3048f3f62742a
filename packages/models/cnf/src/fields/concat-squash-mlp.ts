/** The network of FFJORD: layers that are gated and shifted by time. */
import { OptionError, type Tensor } from '@node-ode/core';
import {
  activation as byName,
  concatSquash,
  type ConcatSquashParams,
  type MlpOptions,
  type TimeLayer,
} from '@node-ode/nn';

/**
 * A perceptron of `concatSquash` layers (Grathwohl et al. 2019, FFJORD): [2, 64, 64, 64, 2] with tanh is its network for toy data.
 * The options are those of `timeMlp`.
 *
 * @throws OptionError if there are fewer than two sizes, one is no positive integer, or an activation is not known.
 * @example
 * const flow = cnf({ dimension: 2, field: concatSquashMlp({ sizes: [2, 64, 64, 2] }), ode, divergence: hutchinson() });
 */
export function concatSquashMlp(options: MlpOptions): TimeLayer<readonly ConcatSquashParams[]> {
  const { sizes, activation = 'tanh', finalActivation = 'identity' } = options;
  if (sizes.length < 2) {
    throw new OptionError('concatSquashMlp', `sizes [${sizes.join(', ')}]`, {
      expected: 'at least two: the dimension of the points at both ends',
    });
  }
  const layers = sizes.slice(1).map((to, i) => concatSquash(sizes[i] ?? 0, to, options));
  const [hidden, last] = [byName(activation), byName(finalActivation)];
  return {
    name: 'concatSquashMlp',
    init: (random) => layers.map((layer) => layer.init(random)),
    apply: (params, t, x) => {
      if (params.length !== layers.length) {
        throw new OptionError('concatSquashMlp', `parameters of ${params.length} layers`, {
          expected: `${layers.length}, as init() gives them`,
        });
      }
      return params.reduce<Tensor>((y, own, i) => {
        const next = layers[i]?.apply(own, t, y) ?? y;
        return i === layers.length - 1 ? last(next) : hidden(next);
      }, x);
    },
  };
}
