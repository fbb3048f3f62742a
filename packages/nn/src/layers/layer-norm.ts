/** Layer normalisation. */
import { requirePositiveInteger } from '../options.ts';
import { requireFeatures } from './affine.ts';
import type { Layer } from './layer.ts';
import { epsilonOf, initNorm, normalize, scaleAndShift, type NormOptions, type NormParams } from './normalization.ts';

/**
 * (x − µ) / √(σ² + ε) ⊙ weight + bias, where µ and σ² are the mean and the variance (divided by the number of features, as
 * PyTorch's) of the last axis: each sample by itself (Ba et al. 2016). From [..., features] to the same; the weight starts
 * as ones, the bias as zeros.
 *
 * @throws OptionError if `features` is no positive integer or epsilon is not positive;
 * ShapeError, when applied, if the last axis of the input differs.
 * @example
 * const norm = layerNorm(64);
 * const params = norm.init(random(0)); // { weight: f32[64], bias: f32[64] }
 * const f = (p: TensorsOf<typeof params>, x: Tensor) => norm.apply(p, x);
 */
export function layerNorm(features: number, options: NormOptions = {}): Layer<NormParams> {
  requirePositiveInteger('layerNorm', 'features', features);
  const epsilon = epsilonOf('layerNorm', options);
  return {
    name: 'layerNorm',
    init: (random) => initNorm(random, features, options),
    apply: (params, x) => {
      requireFeatures('layerNorm', x, features);
      return scaleAndShift(params, normalize(x, epsilon), 0);
    },
  };
}
