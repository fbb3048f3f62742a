/**
 * Initialisers whose variance follows the number of inputs and outputs of a unit: Glorot's (Xavier's), He's (Kaiming's),
 * LeCun's and PyTorch's default. Weights have the shape [inputs, outputs], kernels of convolutions [outputs, inputs, field …].
 */
import { OptionError, ShapeError, type Shape } from '@node-ode/core';
import { requireNonNegative } from '../options.ts';
import { normal, uniform, type Initializer } from './initializer.ts';

/** Which count the variance is divided by. */
export type FanMode = 'fanIn' | 'fanOut' | 'fanAverage';

/** What `varianceScaling` does. */
export interface VarianceScalingOptions {
  /** The variance is scale / fan; 1 by default. */
  readonly scale?: number;
  /** `fanIn` by default. */
  readonly mode?: FanMode;
  /** `normal` is not truncated; `uniform` is on ±√(3·scale / fan). `normal` by default. */
  readonly distribution?: 'normal' | 'uniform';
}

/**
 * The numbers of inputs and of outputs of a unit, for a weight [inputs, outputs], or a kernel [outputs, inputs, field …], each
 * of whose inputs counts as often as the receptive field has elements. With groups the outputs are those of all groups, as
 * PyTorch counts.
 *
 * @throws ShapeError if the shape has fewer than two axes or an empty one.
 * @example
 * fans([2, 50]); // { fanIn: 2, fanOut: 50 }
 * fans([32, 16, 3, 3]); // { fanIn: 144, fanOut: 288 }
 */
export function fans(shape: Shape): { readonly fanIn: number; readonly fanOut: number } {
  const [first = 0, second = 0, ...field] = shape;
  const size = field.reduce((product, extent) => product * extent, 1);
  if (shape.length < 2 || first * second * size === 0) {
    throw new ShapeError('fans', `a weight of shape [${shape.join(', ')}]`, {
      expected: '[inputs, outputs], or a kernel [outputs, inputs, field …], no axis empty',
      advice: 'Initialise vectors with zeros(), uniform() or normal().',
    });
  }
  return field.length === 0 ? { fanIn: first, fanOut: second } : { fanIn: second * size, fanOut: first * size };
}

/**
 * Variance scale / fan, where fan is the number of inputs, of outputs, or their average.
 *
 * @throws OptionError if the scale is negative or the mode or the distribution is not known. ShapeError, when used, if the
 * shape has fewer than two axes.
 * @example
 * const he = varianceScaling({ scale: 2, mode: 'fanIn', distribution: 'normal' });
 */
export function varianceScaling(options: VarianceScalingOptions = {}): Initializer {
  const { scale = 1, mode = 'fanIn', distribution = 'normal' } = options;
  requireNonNegative('varianceScaling', 'scale', scale);
  if (!['fanIn', 'fanOut', 'fanAverage'].includes(mode) || !['normal', 'uniform'].includes(distribution)) {
    throw new OptionError('varianceScaling', `mode '${mode}' with distribution '${distribution}'`, {
      expected: `mode 'fanIn', 'fanOut' or 'fanAverage', distribution 'normal' or 'uniform'`,
    });
  }
  return (random, shape, dtype) => {
    const { fanIn, fanOut } = fans(shape);
    const fan = mode === 'fanIn' ? fanIn : mode === 'fanOut' ? fanOut : (fanIn + fanOut) / 2;
    const bound = Math.sqrt((3 * scale) / fan);
    const draw =
      distribution === 'normal' ? normal({ std: Math.sqrt(scale / fan) }) : uniform({ low: -bound, high: bound });
    return draw(random, shape, dtype);
  };
}

/** Glorot & Bengio 2010: uniform on ±gain·√(6 / (fanIn + fanOut)). */
export const xavierUniform = ({ gain = 1 }: { readonly gain?: number } = {}): Initializer =>
  varianceScaling({ scale: gain ** 2, mode: 'fanAverage', distribution: 'uniform' });

/** Glorot & Bengio 2010: normal with standard deviation gain·√(2 / (fanIn + fanOut)). */
export const xavierNormal = ({ gain = 1 }: { readonly gain?: number } = {}): Initializer =>
  varianceScaling({ scale: gain ** 2, mode: 'fanAverage', distribution: 'normal' });

/** What He's initialisers know about the layer: which way to keep the variance, and the slope of a leaky ReLU after it. */
export interface KaimingOptions {
  readonly mode?: 'fanIn' | 'fanOut';
  /** 0 (ReLU) by default. */
  readonly negativeSlope?: number;
}

const heScale = (negativeSlope: number): number => 2 / (1 + negativeSlope ** 2);

/** He et al. 2015: uniform on ±√(6 / ((1 + slope²)·fan)). */
export const kaimingUniform = ({ mode = 'fanIn', negativeSlope = 0 }: KaimingOptions = {}): Initializer =>
  varianceScaling({ scale: heScale(negativeSlope), mode, distribution: 'uniform' });

/** He et al. 2015: normal with standard deviation √(2 / ((1 + slope²)·fan)). */
export const kaimingNormal = ({ mode = 'fanIn', negativeSlope = 0 }: KaimingOptions = {}): Initializer =>
  varianceScaling({ scale: heScale(negativeSlope), mode, distribution: 'normal' });

/** LeCun et al. 1998: normal with standard deviation √(1 / fanIn). */
export const lecunNormal = (): Initializer => varianceScaling();

/** Uniform on ±1/√fanIn: PyTorch's default for the weights of linear layers and convolutions (`kaiming_uniform_` with a = √5). */
export const torchUniform = (): Initializer => varianceScaling({ scale: 1 / 3, distribution: 'uniform' });
