/** The transposed convolutional layer. */
import { convTranspose2d as transposedConvolution, type ConvTransposeOptions, type PairLike } from '@node-ode/core';
import type { LinearOptions } from './affine.ts';
import { channelBias, initConvolution, kernelExtents, requireImages, type Conv2dParams } from './convolution.ts';
import type { Layer } from './layer.ts';

/** Options of `convTranspose2d`. */
export interface ConvTranspose2dOptions extends ConvTransposeOptions, LinearOptions {}

/**
 * Transposed convolution of images [samples, inChannels, H, W] with a kernel, plus a bias: core's `convTranspose2d` with its
 * options. The kernel has the shape [inChannels, outChannels / groups, height, width], and starts as PyTorch's does, whose
 * bound counts outChannels / groups as its inputs.
 *
 * @throws OptionError if a size is no positive integer or the groups do not divide the channels; ShapeError, when applied, if
 * the input's channels differ.
 * @example
 * const layer = convTranspose2d(16, 3, 4, { strides: 2, padding: 1 });
 * const params = layer.init(random(0)); // { weight: f32[16,3,4,4], bias: f32[3] }
 * const f = (p: TensorsOf<typeof params>, x: Tensor) => layer.apply(p, x); // f32[8,16,16,16] gives f32[8,3,32,32]
 */
export function convTranspose2d(
  inChannels: number,
  outChannels: number,
  kernelSize: PairLike,
  options: ConvTranspose2dOptions = {},
): Layer<Conv2dParams> {
  const { groups = 1 } = options;
  const extents = kernelExtents('convTranspose2d', inChannels, outChannels, kernelSize, groups);
  return {
    name: 'convTranspose2d',
    init: (random) => initConvolution(random, [inChannels, outChannels / groups, ...extents], outChannels, options),
    apply: ({ weight, bias }, x) => {
      requireImages('convTranspose2d', x, inChannels);
      const y = transposedConvolution(x, weight, options);
      return bias === undefined ? y : y.add(channelBias(bias));
    },
  };
}
