/** Group normalisation. */
import { sizeOf } from '@node-ode/core';
import { requireGroups, requirePositiveInteger } from '../options.ts';
import type { Layer } from './layer.ts';
import {
  epsilonOf,
  initNorm,
  normalize,
  requireChannels,
  scaleAndShift,
  type NormOptions,
  type NormParams,
} from './normalization.ts';

/**
 * (x − µ) / √(σ² + ε) ⊙ weight + bias, where µ and σ² are the mean and the variance (divided by the number of elements) of each
 * group of channels of each sample, over all axes behind them (Wu and He 2018). From [samples, channels, …] to the same;
 * `channels` / `groups` neighbouring channels are a group, weight and bias are [channels] and start as ones and zeros. It
 * depends on no other sample, so that it may stand in the dynamics of an ODE.
 *
 * @throws OptionError if a size is no positive integer, the groups do not divide the channels, or epsilon is not positive;
 * ShapeError, when applied, if the channels of the input differ.
 * @example
 * const norm = groupNorm(32, 64);
 * const params = norm.init(random(0)); // { weight: f32[64], bias: f32[64] }
 * const f = (p: TensorsOf<typeof params>, x: Tensor) => norm.apply(p, x); // f32[128,64,6,6]
 */
export function groupNorm(groups: number, channels: number, options: NormOptions = {}): Layer<NormParams> {
  requirePositiveInteger('groupNorm', 'channels', channels);
  requireGroups('groupNorm', groups, channels);
  const epsilon = epsilonOf('groupNorm', options);
  return {
    name: 'groupNorm',
    init: (random) => initNorm(random, channels, options),
    apply: (params, x) => {
      requireChannels('groupNorm', x, channels);
      const [samples = 0, , ...rest] = x.shape;
      const grouped = x.reshape([samples, groups, (channels / groups) * sizeOf(rest)]);
      return scaleAndShift(params, normalize(grouped, epsilon).reshape(x.shape), x.rank - 2);
    },
  };
}
