/** The convolutional layer. */
import { conv2d as convolve, type PairLike } from '@node-ode/core';
import { channelBias, initConvolution, kernelExtents, requireImages } from './convolution.ts';
import type { Conv2dOptions, Conv2dParams } from './convolution.ts';
import type { Layer } from './layer.ts';

/**
 * Convolution of images [samples, inChannels, H, W] with a kernel, plus a bias: core's `conv2d` with its options, and its
 * result's extents. The kernel has the shape [outChannels, inChannels / groups, height, width], and starts as PyTorch's.
 *
 * @throws OptionError if a size is no positive integer or the groups do not divide the channels; ShapeError, when applied, if
 * the input's channels differ or the kernel is larger than the padded image.
 * @example
 * const layer = conv2d(3, 16, 3, { padding: 1 });
 * const params = layer.init(random(0)); // { weight: f32[16,3,3,3], bias: f32[16] }
 * const f = (p: TensorsOf<typeof params>, x: Tensor) => layer.apply(p, x); // f32[8,3,32,32] gives f32[8,16,32,32]
 */
export function conv2d(
  inChannels: number,
  outChannels: number,
  kernelSize: PairLike,
  options: Conv2dOptions = {},
): Layer<Conv2dParams> {
  const { groups = 1 } = options;
  const extents = kernelExtents('conv2d', inChannels, outChannels, kernelSize, groups);
  return {
    name: 'conv2d',
    init: (random) => initConvolution(random, [outChannels, inChannels / groups, ...extents], outChannels, options),
    apply: ({ weight, bias }, x) => {
      requireImages('conv2d', x, inChannels);
      const y = convolve(x, weight, options);
      return bias === undefined ? y : y.add(channelBias(bias));
    },
  };
}
