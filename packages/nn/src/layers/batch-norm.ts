/** Batch normalisation, with running statistics as state that goes in and comes out. */
import { array, formatType, ShapeError, sizeOf, stopGradient } from '@node-ode/core';
import type { FloatDType, HostArray, Random, Tensor, TensorsOf } from '@node-ode/core';
import { toRank } from '../leading-axes.ts';
import { requirePositiveInteger, requireProportion } from '../options.ts';
import {
  epsilonOf,
  initNorm,
  requireChannels,
  scaleAndShift,
  type NormOptions,
  type NormParams,
} from './normalization.ts';

/** Options of `batchNorm`. */
export interface BatchNormOptions extends NormOptions {
  /** Weight of a batch in the running statistics: running ← (1 − momentum)·running + momentum·batch. 0.1 by default. */
  readonly momentum?: number;
}

/** Running statistics, both [channels]: no parameters, they have no derivative. */
export interface BatchNormState {
  readonly mean: HostArray;
  /** Of the population that the batches are drawn from: a batch's is divided by n − 1. */
  readonly variance: HostArray;
}

/** What training gives: the output, and the statistics for the next batch. */
export interface BatchNormStep {
  readonly output: Tensor;
  readonly state: TensorsOf<BatchNormState>;
}

/** A layer whose output depends on the batch while it is trained, and on running statistics afterwards. */
export interface BatchNorm {
  readonly name: string;
  /** Fresh parameters. */
  init(random: Random): NormParams;
  /** Statistics before any batch: mean 0, variance 1. */
  initialState(): BatchNormState;
  /** Normalised by the batch's own statistics, and the running ones with the batch's taken in. */
  train(params: TensorsOf<NormParams>, state: TensorsOf<BatchNormState>, x: Tensor): BatchNormStep;
  /** Normalised by the running statistics. */
  evaluate(params: TensorsOf<NormParams>, state: TensorsOf<BatchNormState>, x: Tensor): Tensor;
}

/**
 * (x − µ) / √(σ² + ε) ⊙ weight + bias, where µ and σ² are the mean and the variance of each channel over the samples and all axes
 * behind the channels (Ioffe and Szegedy 2015), or, once trained, running averages of them: PyTorch's formulas. From
 * [samples, channels, …] to the same. Nothing is kept between calls: `train` gives the next state, which goes with the parameters
 * into checkpoints and into `evaluate`. In the dynamics of an ODE use `groupNorm`: there the output may not depend on other samples,
 * nor on how often it was computed.
 *
 * @throws OptionError if `channels` is no positive integer, epsilon is not positive or the momentum is outside [0, 1]; ShapeError,
 * when applied, if the channels of the input differ, or a batch to train on has one element in each channel.
 * @example
 * const norm = batchNorm(16);
 * const params = norm.init(random(0)); // { weight: f32[16], bias: f32[16] }
 * const state = norm.initialState(); // { mean: f32[16], variance: f32[16] }
 * const step = (p: TensorsOf<typeof params>, s: TensorsOf<typeof state>, x: Tensor) => norm.train(p, s, x); // { output, state }
 */
export function batchNorm(channels: number, options: BatchNormOptions = {}): BatchNorm {
  const { momentum = 0.1, dtype = 'f32' } = options;
  requirePositiveInteger('batchNorm', 'channels', channels);
  requireProportion('batchNorm', 'momentum', momentum);
  const epsilon = epsilonOf('batchNorm', options);

  /** (x − µ) / √(σ² + ε) ⊙ weight + bias: one product with an element of each channel, for scale and deviation together. */
  const output = (params: TensorsOf<NormParams>, centred: Tensor, variance: Tensor): Tensor => {
    const { weight, ...rest } = params;
    const inverse = variance.add(epsilon).sqrt().reciprocal();
    const scale = weight === undefined ? inverse : inverse.mul(weight);
    const trailing = centred.rank - 2;
    return scaleAndShift(rest, centred.mul(toRank(scale, 1 + trailing)), trailing);
  };

  return {
    name: 'batchNorm',
    init: (random) => initNorm(random, channels, options),
    initialState: () => ({ mean: constants(0, channels, dtype), variance: constants(1, channels, dtype) }),
    train: (params, state, x) => {
      requireChannels('batchNorm', x, channels);
      const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
      if (sizeOf(axes.map((axis) => x.shape[axis] ?? 1)) === 1) {
        throw new ShapeError('batchNorm', `a batch ${formatType(x.type)}`, {
          expected: 'more than one element in each channel: the variance of one is not known',
          advice: 'Train on larger batches, or use evaluate.',
        });
      }
      const mean = x.mean({ axes });
      const centred = x.sub(toRank(mean, x.rank - 1));
      const variance = centred.square().mean({ axes });
      const count = x.size(axes);
      const average = (running: Tensor, batch: Tensor): Tensor =>
        running.mul(1 - momentum).add(stopGradient(batch).mul(momentum));
      return {
        output: output(params, centred, variance),
        state: {
          mean: average(state.mean, mean),
          variance: average(state.variance, variance.mul(count.div(count.sub(1)))),
        },
      };
    },
    evaluate: (params, { mean, variance }, x) => {
      requireChannels('batchNorm', x, channels);
      return output(params, x.sub(toRank(mean, x.rank - 1)), variance);
    },
  };
}

const constants = (value: number, length: number, dtype: FloatDType): HostArray =>
  array(new Float64Array(length).fill(value), { dtype });
