/** Layer normalisation. */
import type { FloatDType, HostArray } from '@node-ode/core';
import { ones, zeros } from '../initializers/initializer.ts';
import { requirePositive, requirePositiveInteger } from '../options.ts';
import { requireFeatures } from './affine.ts';
import type { Layer } from './layer.ts';

/** Options of `layerNorm`. */
export interface LayerNormOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number;
  /** Whether the result is scaled by a weight; it is by default. */
  readonly scale?: boolean;
  /** Whether a bias is added to the scaled result; it is by default. */
  readonly bias?: boolean;
  /** Of the parameters; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** Parameters of `layerNorm`: both [features], unless they were left out. */
export interface LayerNormParams {
  readonly weight?: HostArray;
  readonly bias?: HostArray;
}

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
export function layerNorm(features: number, options: LayerNormOptions = {}): Layer<LayerNormParams> {
  const { epsilon = 1e-5, scale = true, bias = true, dtype = 'f32' } = options;
  requirePositiveInteger('layerNorm', 'features', features);
  requirePositive('layerNorm', 'epsilon', epsilon);
  return {
    name: 'layerNorm',
    init: (random) => ({
      ...(scale ? { weight: ones()(random, [features], dtype) } : {}),
      ...(bias ? { bias: zeros()(random, [features], dtype) } : {}),
    }),
    apply: ({ weight, bias }, x) => {
      requireFeatures('layerNorm', x, features);
      const centred = x.sub(x.mean({ axes: -1, keepDims: true }));
      const variance = centred.square().mean({ axes: -1, keepDims: true });
      const normal = centred.div(variance.add(epsilon).sqrt());
      const scaled = weight === undefined ? normal : normal.mul(weight);
      return bias === undefined ? scaled : scaled.add(bias);
    },
  };
}
