/** The planar continuous flow of Chen et al. 2018, sections 4.1 and 4.2. */
import type { FloatDType, HostArray, Tensor, TensorsOf } from '@node-ode/core';
import { mlp, normal, type MlpParams } from '@node-ode/nn';
import { requireCount } from '../options.ts';
import { planarSum } from './planar-sum.ts';
import type { ClosedFormField } from './vector-field.ts';

/** Parameters of `planarField`: of the M planar functions, and of the network that gates them in time. */
export interface PlanarParams {
  /** w: [M, D]. */
  readonly weight: HostArray;
  /** u: [M, D]. */
  readonly direction: HostArray;
  /** b: [M]. */
  readonly bias: HostArray;
  /** Of σ(t): from [1] to [M]. */
  readonly gate: MlpParams;
}

/** Options of `planarField`. */
export interface PlanarOptions {
  readonly dimension: number;
  /** M, the number of planar functions. */
  readonly width: number;
  /** Hidden units of the network that gates them; 16 by default. */
  readonly gateWidth?: number;
  /** Of the parameters; `f32` by default. */
  readonly dtype?: FloatDType;
}

/**
 * dz/dt = Σₙ σₙ(t)·uₙ·tanh(wₙᵀz + bₙ), with the divergence in closed form, Σₙ σₙ(t)·tanh'(wₙᵀz + bₙ)·uₙᵀwₙ: equations 9 and
 * 10 and the time-dependent gates of Chen et al. 2018. σ is a perceptron of t with one hidden layer and values in (0, 1).
 * Its cost grows linearly with M. w and b start as N(0, 1), u as N(0, 1/M).
 *
 * @throws OptionError if a size is no positive integer.
 * @example
 * const flow = cnf({ dimension: 2, field: planarField({ dimension: 2, width: 32 }), ode });
 */
export function planarField(options: PlanarOptions): ClosedFormField<PlanarParams> {
  const { dimension, width, gateWidth = 16, dtype = 'f32' } = options;
  requireCount('planarField', 'dimension', dimension);
  requireCount('planarField', 'width', width);
  requireCount('planarField', 'gateWidth', gateWidth);
  const gates = mlp({ sizes: [1, gateWidth, width], finalActivation: 'sigmoid', dtype });
  const motion = ({ gate, ...planes }: TensorsOf<PlanarParams>, t: Tensor, z: Tensor) =>
    planarSum({ ...planes, gate: gates.apply(gate, t.reshape([-1, 1])) }, z);
  return {
    name: 'planarField',
    init: (random) => ({
      weight: normal()(random, [width, dimension], dtype),
      direction: normal({ std: 1 / Math.sqrt(width) })(random, [width, dimension], dtype),
      bias: normal()(random, [width], dtype),
      gate: gates.init(random),
    }),
    apply: (params, t, z) => motion(params, t, z).velocity,
    motion,
  };
}
