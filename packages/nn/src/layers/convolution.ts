/** What convolutional layers share: options, fresh parameters, the bias, and checks. */
import {
  formatType,
  OptionError,
  ShapeError,
  type ConvOptions,
  type HostArray,
  type Pair,
  type PairLike,
  type Random,
  type Tensor,
} from '@node-ode/core';
import { uniform } from '../initializers/initializer.ts';
import { fans, torchUniform } from '../initializers/variance-scaling.ts';
import { toRank } from '../leading-axes.ts';
import { requireGroups, requirePositiveInteger } from '../options.ts';
import type { LinearOptions } from './affine.ts';

/** Options of convolutional layers: how the kernel lies on the image, and those of the parameters. */
export interface Conv2dOptions extends ConvOptions, LinearOptions {}

/** Parameters of convolutional layers. */
export interface Conv2dParams {
  /** [outputs, inputs / groups, height, width]; of a transposed convolution [inputs, outputs / groups, height, width]. */
  readonly weight: HostArray;
  /** [outputs], unless it was left out. */
  readonly bias?: HostArray;
}

/** Checks the sizes that all convolutional layers have; gives the kernel's extents. */
export function kernelExtents(
  operation: string,
  inChannels: number,
  outChannels: number,
  kernelSize: PairLike,
  groups: number,
): Pair {
  requirePositiveInteger(operation, 'inChannels', inChannels);
  requirePositiveInteger(operation, 'outChannels', outChannels);
  requireGroups(operation, groups, inChannels, outChannels);
  const [height, width, ...more]: readonly unknown[] =
    typeof kernelSize === 'object' ? kernelSize : [kernelSize, kernelSize];
  if (isExtent(height) && isExtent(width) && more.length === 0) return [height, width];
  throw new OptionError(operation, `kernelSize is ${JSON.stringify(kernelSize)}`, {
    expected: 'a positive integer, or two: [height, width]',
  });
}

const isExtent = (n: unknown): n is number => Number.isInteger(n) && (n as number) >= 1;

/** Fresh parameters with a kernel of this shape. */
export function initConvolution(
  random: Random,
  kernel: readonly [number, number, number, number],
  outChannels: number,
  { bias = true, weightInit = torchUniform(), biasInit, dtype = 'f32' }: LinearOptions,
): Conv2dParams {
  const bound = 1 / Math.sqrt(fans(kernel).fanIn);
  const initBias = biasInit ?? uniform({ low: -bound, high: bound });
  const weight = weightInit(random, kernel, dtype);
  return bias ? { weight, bias: initBias(random, [outChannels], dtype) } : { weight };
}

/** A bias [channels] against images [samples, channels, height, width]. */
export const channelBias = (bias: Tensor): Tensor => toRank(bias, 3);

/** @throws ShapeError unless `x` are images of so many channels. */
export function requireImages(operation: string, x: Tensor, channels: number): void {
  if (x.rank === 4 && x.shape[1] === channels) return;
  throw new ShapeError(operation, `an input ${formatType(x.type)}`, {
    expected: `images [samples, ${channels}, height, width]`,
    advice: 'Channels are the second axis; one image is a batch of one.',
  });
}
