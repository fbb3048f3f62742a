/** The linear layer. */
import { requirePositiveInteger } from '../options.ts';
import { affine, initAffine, requireFeatures, type LinearOptions } from './affine.ts';
import type { Layer, LinearParams } from './layer.ts';

/**
 * y = x·W + b, from [..., inFeatures] to [..., outFeatures]. W has the shape [inFeatures, outFeatures], the transpose of
 * PyTorch's.
 *
 * @throws OptionError if a size is no positive integer; ShapeError, when applied, if the last axis of the input differs.
 * @example
 * const layer = linear(2, 50);
 * const params = layer.init(random(0)); // { weight: f32[2,50], bias: f32[50] }
 * const f = (p: TensorsOf<typeof params>, x: Tensor) => layer.apply(p, x);
 */
export function linear(inFeatures: number, outFeatures: number, options: LinearOptions = {}): Layer<LinearParams> {
  requirePositiveInteger('linear', 'inFeatures', inFeatures);
  requirePositiveInteger('linear', 'outFeatures', outFeatures);
  return {
    name: 'linear',
    init: (random) => initAffine(random, inFeatures, outFeatures, options),
    apply: (params, x) => {
      requireFeatures('linear', x, inFeatures);
      return affine(params, x);
    },
  };
}
