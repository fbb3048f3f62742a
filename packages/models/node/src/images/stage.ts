/** What the layers of the image networks have in common: a group norm, an activation after it, and the dtype. */
import type { FloatDType, Tensor, TensorsOf } from '@node-ode/core';
import {
  activation as byName,
  groupNorm,
  type Activation,
  type ActivationName,
  type Layer,
  type NormParams,
} from '@node-ode/nn';

/** Options of the image networks' parts. */
export interface StageOptions {
  /** Of the group norms; as many as there are channels, 32 at most, by default: those of the authors' code. */
  readonly groups?: number;
  /** `relu` by default, as in the authors' code. A smooth one, such as `softplus`, makes the ODE smooth. */
  readonly activation?: ActivationName | Activation;
  /** Of the parameters; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** The norm of so many channels, and the activation of what it gives. */
export interface Stage {
  readonly norm: Layer<NormParams>;
  readonly active: (params: TensorsOf<NormParams>, x: Tensor) => Tensor;
  readonly dtype: FloatDType;
}

export function stageOf(channels: number, options: StageOptions): Stage {
  const { groups = Math.min(32, channels), activation = 'relu', dtype = 'f32' } = options;
  const norm = groupNorm(groups, channels, { dtype });
  const act = byName(activation);
  return { norm, active: (params, x) => act(norm.apply(params, x)), dtype };
}
