/** Multi-layer perceptrons, with time as an input of each layer or without. */
import { OptionError, type Random, type Tensor } from '@node-ode/core';
import { activation as byName, type Activation, type ActivationName } from '../activations/activations.ts';
import type { LinearOptions } from './affine.ts';
import type { Layer, LinearParams, TimeLayer } from './layer.ts';
import { linear } from './linear.ts';
import { timeLinear } from './time-linear.ts';

/** Options of an MLP; those of its linear layers are passed on. */
export interface MlpOptions extends LinearOptions {
  /** Features of the input, of each hidden layer, and of the output. */
  readonly sizes: readonly number[];
  /** After each layer but the last; `tanh` by default. */
  readonly activation?: ActivationName | Activation;
  /** After the last layer; none by default. */
  readonly finalActivation?: ActivationName | Activation;
}

/** Parameters of an MLP: those of its linear layers, from the first to the last. */
export type MlpParams = readonly LinearParams[];

interface Network<L> {
  readonly layers: readonly L[];
  readonly after: readonly Activation[];
}

function network<L>(operation: string, options: MlpOptions, layer: (from: number, to: number) => L): Network<L> {
  const { sizes, activation = 'tanh', finalActivation = 'identity' } = options;
  if (sizes.length < 2) {
    throw new OptionError(operation, `sizes [${sizes.join(', ')}]`, {
      expected: 'at least two: the features of the input and of the output',
    });
  }
  const layers = sizes.slice(1).map((to, i) => layer(sizes[i]!, to));
  const [hidden, last] = [byName(activation), byName(finalActivation)];
  return { layers, after: layers.map((_, i) => (i === layers.length - 1 ? last : hidden)) };
}

const initAll = <L extends { init(random: Random): LinearParams }>(layers: readonly L[], random: Random): MlpParams =>
  layers.map((layer) => layer.init(random));

function requireLayers(operation: string, params: readonly unknown[], count: number): void {
  if (params.length === count) return;
  throw new OptionError(operation, `parameters of ${params.length} layers`, {
    expected: `${count}, as init() gives them`,
  });
}

/**
 * A multi-layer perceptron, from [..., first size] to [..., last size].
 *
 * @throws OptionError if there are fewer than two sizes, one is no positive integer, or an activation is not known.
 * @example
 * const net = mlp({ sizes: [2, 50, 2], activation: 'tanh' });
 * const params = net.init(random(0));
 * const f = (p: TensorsOf<typeof params>, y: Tensor) => net.apply(p, y);
 */
export function mlp(options: MlpOptions): Layer<MlpParams> {
  const { layers, after } = network('mlp', options, (from, to) => linear(from, to, options));
  return {
    name: 'mlp',
    init: (random) => initAll(layers, random),
    apply: (params, x) => {
      requireLayers('mlp', params, layers.length);
      return layers.reduce<Tensor>((y, layer, i) => after[i]!(layer.apply(params[i]!, y)), x);
    },
  };
}

/**
 * A multi-layer perceptron whose every layer has time as one more input (`timeLinear`).
 *
 * @throws OptionError if there are fewer than two sizes, one is no positive integer, or an activation is not known.
 * @example
 * const net = timeMlp({ sizes: [2, 50, 2] });
 * const params = net.init(random(0));
 * const f = (p: TensorsOf<typeof params>, t: Tensor, y: Tensor) => net.apply(p, t, y);
 */
export function timeMlp(options: MlpOptions): TimeLayer<MlpParams> {
  const { layers, after } = network('timeMlp', options, (from, to) => timeLinear(from, to, options));
  return {
    name: 'timeMlp',
    init: (random) => initAll(layers, random),
    apply: (params, t, x) => {
      requireLayers('timeMlp', params, layers.length);
      return layers.reduce<Tensor>((y, layer, i) => after[i]!(layer.apply(params[i]!, t, y)), x);
    },
  };
}
