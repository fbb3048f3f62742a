/** The ODE function for images of Chen et al. 2018. */
import type { Tensor } from '@node-ode/core';
import { timeConv2d, type Conv2dParams, type NormParams } from '@node-ode/nn';
import type { NodeDynamics } from '../dynamics.ts';
import { stageOf, type StageOptions } from './stage.ts';

/** Parameters of `convDynamics`. Kernels have time as their last input channel. */
export interface ConvDynamicsParams {
  readonly norm1: NormParams;
  readonly conv1: Conv2dParams;
  readonly norm2: NormParams;
  readonly conv2: Conv2dParams;
  readonly norm3: NormParams;
}

/**
 * f(t, y) = norm₃ conv₂(t, φ norm₂ conv₁(t, φ norm₁ y)), φ = relu by default, on images [samples, channels, H, W]: 3×3 convolutions with time as
 * one more channel, and group norms; `ODEfunc` of the authors' `odenet_mnist.py`. 75 392 parameters at 64 channels.
 *
 * @throws OptionError if `channels` is no positive integer or the groups do not divide it. ShapeError, when applied, if the
 * images' channels differ.
 * @example
 * const block = neuralOde({ dynamics: convDynamics(64), ode });
 */
export function convDynamics(channels: number, options: StageOptions = {}): NodeDynamics<ConvDynamicsParams, Tensor> {
  const { norm, active, dtype } = stageOf(channels, options);
  const conv = timeConv2d(channels, channels, 3, { padding: 1, dtype });
  return {
    init: (random) => ({
      norm1: norm.init(random),
      conv1: conv.init(random),
      norm2: norm.init(random),
      conv2: conv.init(random),
      norm3: norm.init(random),
    }),
    apply: ({ norm1, conv1, norm2, conv2, norm3 }, t, y) => {
      const inner = conv.apply(conv1, t, active(norm1, y));
      return norm.apply(norm3, conv.apply(conv2, t, active(norm2, inner)));
    },
  };
}
