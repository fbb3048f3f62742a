/** Networks of a depth, alike but for how a layer follows the one before it. */
import { createOde, type Backend, type Random, type Tensor, type TensorsOf } from '@node-ode/core';
import { network, neuralOde, type Network } from '@node-ode/model-node';
import { activation, linear, timeLinear, type ActivationName, type Layer, type LinearParams } from '@node-ode/nn';
import { backprop } from '@node-ode/gradient-backprop';
import { euler } from '@node-ode/solver-euler';

/** Features of the input, classes of the output. */
export interface Sizes {
  readonly features: number;
  readonly width: number;
  readonly outputs: number;
}

const dtype = 'f64';

/** How layers follow each other. */
export const kinds = ['plain', 'ResNet', 'ODE-Net'] as const;
export type Kind = (typeof kinds)[number];

/** A network with a linear stem, `depth` layers or steps of a solver, and a linear head. */
export function deepNetwork(
  backend: Backend,
  kind: Kind,
  { features, width, outputs }: Sizes,
  depth: number,
  name: ActivationName,
): Network<LinearParams, readonly LinearParams[], LinearParams> {
  const ends = { stem: linear(features, width, { dtype }), head: linear(width, outputs, { dtype }) };
  const block = kind === 'ODE-Net' ? odeBlock(backend, width, depth, name) : layers(width, depth, name, kind);
  return network(kind, { ...ends, block });
}

/** hₗ₊₁ = φ(hₗWₗ + bₗ), with hₗ added to it in a ResNet. */
function layers(width: number, depth: number, name: ActivationName, kind: Kind): Layer<readonly LinearParams[]> {
  const [layer, act] = [linear(width, width, { dtype }), activation(name)];
  return {
    name: kind,
    init: (random) => Array.from({ length: depth }, () => layer.init(random)),
    apply: (params, x) =>
      params.reduce<Tensor>((h, own) => {
        const change = act(layer.apply(own, h));
        return kind === 'ResNet' ? h.add(change) : change;
      }, x),
  };
}

/** dh/dt = φ([h, t]W + b) from 0 to 1 by `depth` steps of Euler's method. */
function odeBlock(
  backend: Backend,
  width: number,
  depth: number,
  name: ActivationName,
): Layer<readonly LinearParams[]> {
  const [layer, act] = [timeLinear(width, width, { dtype }), activation(name)];
  const ode = createOde({ backend, solver: euler(), h: 1 / depth, gradient: backprop(), dtype, maxSteps: depth + 1 });
  return neuralOde({
    ode,
    dynamics: {
      init: (random: Random): readonly LinearParams[] => [layer.init(random)],
      apply: (params: TensorsOf<readonly LinearParams[]>, t: Tensor, h: Tensor) =>
        params.reduce((x, own) => act(layer.apply(own, t, x)), h),
    },
  });
}
