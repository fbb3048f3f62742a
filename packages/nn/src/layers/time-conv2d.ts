/** The time-concatenating convolution of the Neural ODE papers. */
import { constant, conv2d, type PairLike } from '@node-ode/core';
import { channelBias, initConvolution, kernelExtents, requireImages } from './convolution.ts';
import type { Conv2dOptions, Conv2dParams } from './convolution.ts';
import type { TimeLayer } from './layer.ts';
import { timeColumn } from './time-column.ts';

/** Options of `timeConv2d`: those of `conv2d` but for groups, which would not know time. */
export type TimeConv2dOptions = Omit<Conv2dOptions, 'groups'>;

/**
 * Convolution of images with time as one more channel, which is t everywhere on the image and 0 in its padding (`ConcatConv2d`
 * of Chen et al. 2018, where time is the first channel; here it is the last). From [samples, inChannels, H, W]; the kernel
 * [outChannels, inChannels + 1, height, width] starts as PyTorch's. t is a scalar, or [samples].
 *
 * It is computed as conv(x, Wₓ) + (t·conv(1, Wₜ) + b), so that the state is not copied and engines see the channels that a
 * user chose; conv(1, Wₜ) does not change while an ODE is solved.
 *
 * @throws OptionError if a size is no positive integer; ShapeError, when applied, if the input's channels differ or t is neither
 * a scalar nor of the shape of leading axes of the input.
 * @example
 * const layer = timeConv2d(64, 64, 3, { padding: 1 });
 * const params = layer.init(random(0)); // { weight: f32[64,65,3,3], bias: f32[64] }
 * const f = (p: TensorsOf<typeof params>, t: Tensor, y: Tensor) => layer.apply(p, t, y);
 */
export function timeConv2d(
  inChannels: number,
  outChannels: number,
  kernelSize: PairLike,
  options: TimeConv2dOptions = {},
): TimeLayer<Conv2dParams> {
  const extents = kernelExtents('timeConv2d', inChannels, outChannels, kernelSize, 1);
  const forState = [outChannels, inChannels, ...extents];
  const forTime = [outChannels, 1, ...extents];
  return {
    name: 'timeConv2d',
    init: (random) => initConvolution(random, [outChannels, inChannels + 1, ...extents], outChannels, options),
    apply: ({ weight, bias }, t, x) => {
      requireImages('timeConv2d', x, inChannels);
      const image = constant(1, [1, 1, ...x.shape.slice(2)], x.dtype);
      const slope = conv2d(image, weight.slice([0, inChannels, 0, 0], forTime), options);
      const shift = timeColumn('timeConv2d', t, x).mul(slope);
      const y = conv2d(x, weight.slice([0, 0, 0, 0], forState), options);
      return y.add(bias === undefined ? shift : shift.add(channelBias(bias)));
    },
  };
}
