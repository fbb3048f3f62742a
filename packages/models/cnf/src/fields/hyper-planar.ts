/** Planar functions whose weights are a network's function of time. */
import { formatType, UnsupportedError, type FloatDType, type Tensor, type TensorsOf } from '@node-ode/core';
import { mlp, type MlpParams } from '@node-ode/nn';
import { requireCount } from '../options.ts';
import { planarSum } from './planar-sum.ts';
import type { ClosedFormField } from './vector-field.ts';

/** Options of `hyperPlanarField`. */
export interface HyperPlanarOptions {
  readonly dimension: number;
  /** M, the number of planar functions; 64 by default. */
  readonly width?: number;
  /** Units of each of the two hidden layers of the network in time; 32 by default. */
  readonly hidden?: number;
  /** Of the parameters; `f32` by default. */
  readonly dtype?: FloatDType;
}

/**
 * dz/dt = 1/M Σₙ σ(gₙ(t)) ⊙ uₙ(t)·tanh(wₙ(t)ᵀz + bₙ(t)), where w, u, g and b at time t are what a perceptron with two hidden
 * layers makes of t: the hypernetwork of the authors' example of a CNF, with its sizes for defaults. The divergence is in
 * closed form.
 *
 * @throws OptionError if a size is no positive integer; UnsupportedError, when applied, for one time a sample.
 * @example
 * const flow = cnf({ dimension: 2, field: hyperPlanarField({ dimension: 2 }), ode });
 */
export function hyperPlanarField(options: HyperPlanarOptions): ClosedFormField<MlpParams> {
  const { dimension, width = 64, hidden = 32, dtype = 'f32' } = options;
  requireCount('hyperPlanarField', 'dimension', dimension);
  requireCount('hyperPlanarField', 'width', width);
  requireCount('hyperPlanarField', 'hidden', hidden);
  const block = width * dimension;
  const network = mlp({ sizes: [1, hidden, hidden, 3 * block + width], dtype });
  const motion = (params: TensorsOf<MlpParams>, t: Tensor, z: Tensor) => {
    requireOneTime(t);
    const made = network.apply(params, t.reshape([1]));
    const matrix = (i: number): Tensor => made.slice([i * block], [block]).reshape([width, dimension]);
    const direction = matrix(1)
      .mul(matrix(2).sigmoid())
      .mul(1 / width);
    return planarSum({ weight: matrix(0), direction, bias: made.slice([3 * block], [width]) }, z);
  };
  return {
    name: 'hyperPlanarField',
    init: (random) => network.init(random),
    apply: (params, t, z) => motion(params, t, z).velocity,
    motion,
  };
}

function requireOneTime(t: Tensor): void {
  if (t.rank === 0) return;
  throw new UnsupportedError('hyperPlanarField', `times ${formatType(t.type)}`, {
    expected: 'one time for all samples: each time has weights of its own',
    advice: 'Leave perSample out, or use planarField or concatSquashMlp.',
  });
}
