/** The ODE functions of Dupont, Doucet and Teh 2019 (arXiv:1904.01681): a perceptron for vectors, convolutions for images. */
import type { FloatDType, Random, Tensor, TensorsOf } from '@node-ode/core';
import {
  activation as byName,
  conv2d,
  linear,
  timeConv2d,
  timeLinear,
  type Activation,
  type ActivationName,
  type Conv2dParams,
  type Layer,
  type LinearParams,
  type TimeLayer,
} from '@node-ode/nn';

/** What both ODE functions can be told. */
export interface FieldOptions {
  /** Between the layers; `relu` by default, as in the paper. A smooth one, `softplus` or `tanh`, takes fewer evaluations. */
  readonly activation?: ActivationName | Activation;
  /** Whether the function depends on time; it does by default. */
  readonly time?: boolean;
  /** Of the parameters; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** Parameters of an ODE function of vectors: its three linear layers. */
export type MlpFieldParams = readonly [enter: LinearParams, mix: LinearParams, leave: LinearParams];

/** Parameters of a convolutional ODE function: 1×1, 3×3, 1×1. */
export type ConvFieldParams = readonly [enter: Conv2dParams, mix: Conv2dParams, leave: Conv2dParams];

/**
 * f(t, h) of vectors: features → hidden → hidden → features. Time is one more input of the first layer, as in the authors' code.
 *
 * @throws OptionError if a size is no positive integer or the activation is not known.
 * @example
 * const field = mlpField(2 + 1, 32);
 * const params = field.init(random(0)); // three linear layers: f32[4,32], f32[32,32], f32[32,3]
 */
export function mlpField(features: number, hidden: number, options: FieldOptions = {}): TimeLayer<MlpFieldParams> {
  const { activation = 'relu', time = true, ...rest } = options;
  const between = byName(activation);
  const first = time ? timeLinear(features, hidden, rest) : timeless(linear(features, hidden, rest));
  const [second, third] = [linear(hidden, hidden, rest), linear(hidden, features, rest)];
  return {
    name: 'mlpField',
    init: (random) => [first.init(random), second.init(random), third.init(random)],
    apply: ([enter, mix, leave], t, h) =>
      third.apply(leave, between(second.apply(mix, between(first.apply(enter, t, h))))),
  };
}

/**
 * f(t, h) of images [samples, channels, height, width]: convolutions of 1×1, 3×3 and 1×1, channels → filters → filters → channels,
 * each with time as one more channel.
 *
 * @throws OptionError if a size is no positive integer or the activation is not known.
 * @example
 * const field = convField(1 + 5, 64); // MNIST with five extra channels
 */
export function convField(channels: number, filters: number, options: FieldOptions = {}): TimeLayer<ConvFieldParams> {
  const { activation = 'relu', time = true, ...rest } = options;
  const between = byName(activation);
  const convolution = (from: number, to: number, size: number): TimeLayer<Conv2dParams> => {
    const given = { ...rest, padding: (size - 1) / 2 };
    return time ? timeConv2d(from, to, size, given) : timeless(conv2d(from, to, size, given));
  };
  const [first, second, third] = [
    convolution(channels, filters, 1),
    convolution(filters, filters, 3),
    convolution(filters, channels, 1),
  ];
  return {
    name: 'convField',
    init: (random) => [first.init(random), second.init(random), third.init(random)],
    apply: ([enter, mix, leave], t, h) =>
      third.apply(leave, t, between(second.apply(mix, t, between(first.apply(enter, t, h))))),
  };
}

/** A layer that does not look at the time. */
const timeless = <P>(layer: Layer<P>): TimeLayer<P> => ({
  name: layer.name,
  init: (random: Random): P => layer.init(random),
  apply: (params: TensorsOf<P>, _t, x: Tensor): Tensor => layer.apply(params, x),
});
