/** What normalising layers share: options, parameters, and the affine map behind them. */
import {
  formatType,
  ShapeError,
  type FloatDType,
  type HostArray,
  type Random,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { ones, zeros } from '../initializers/initializer.ts';
import { toRank } from '../leading-axes.ts';
import { requirePositive } from '../options.ts';

/** Options of `layerNorm`, `groupNorm` and `batchNorm`. */
export interface NormOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly epsilon?: number;
  /** Whether the result is scaled by a weight; it is by default. */
  readonly scale?: boolean;
  /** Whether a bias is added to the scaled result; it is by default. */
  readonly bias?: boolean;
  /** Of the parameters; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** Parameters of normalising layers: both [features], or [channels], unless they were left out. */
export interface NormParams {
  readonly weight?: HostArray;
  readonly bias?: HostArray;
}

/** Ones and zeros. */
export function initNorm(random: Random, features: number, options: NormOptions): NormParams {
  const { scale = true, bias = true, dtype = 'f32' } = options;
  return {
    ...(scale ? { weight: ones()(random, [features], dtype) } : {}),
    ...(bias ? { bias: zeros()(random, [features], dtype) } : {}),
  };
}

/** @throws OptionError unless epsilon is positive. */
export function epsilonOf(operation: string, { epsilon = 1e-5 }: NormOptions): number {
  requirePositive(operation, 'epsilon', epsilon);
  return epsilon;
}

/** (x − µ) / √(σ² + ε) along the last axis. */
export function normalize(x: Tensor, epsilon: number): Tensor {
  const centred = x.sub(x.mean({ axes: -1, keepDims: true }));
  const variance = centred.square().mean({ axes: -1, keepDims: true });
  return centred.div(variance.add(epsilon).sqrt());
}

/** x ⊙ weight + bias, the parameters along the axis that has `trailing` others behind it. */
export function scaleAndShift({ weight, bias }: TensorsOf<NormParams>, x: Tensor, trailing: number): Tensor {
  const scaled = weight === undefined ? x : x.mul(toRank(weight, 1 + trailing));
  return bias === undefined ? scaled : scaled.add(toRank(bias, 1 + trailing));
}

/** @throws ShapeError unless the second axis of `x` has `channels` elements. */
export function requireChannels(operation: string, x: Tensor, channels: number): void {
  if (x.rank >= 2 && x.shape[1] === channels) return;
  throw new ShapeError(operation, `an input ${formatType(x.type)}`, {
    expected: `[samples, ${channels}, …]`,
    advice: 'Channels are the second axis, as in images [samples, channels, height, width].',
  });
}
