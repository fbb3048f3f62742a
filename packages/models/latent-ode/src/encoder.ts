/** The contract of recognition networks. */
import type { Random, Tensor, TensorsOf } from '@node-ode/core';
import type { Cell, CellOptions } from '@node-ode/nn';
import type { SeriesBatch } from './series.ts';

/**
 * What a batch of observed series tells of each series' latent state at a time t₀, which may lie before its first
 * observation. `recurrentEncoder` and `odeRnnEncoder` are two.
 *
 * @example
 * // The mean of what is observed, for series without gaps.
 * const mean: Encoder<readonly []> = {
 *   name: 'mean', dimensions: 2, features: 2, init: () => [],
 *   apply: (_, { y }) => y.mean({ axes: [1] }),
 * };
 */
export interface Encoder<Params> {
  readonly name: string;
  /** Components of an observation. */
  readonly dimensions: number;
  /** Of the output. */
  readonly features: number;
  /** Fresh parameters: a tree of host arrays. */
  init(random: Random): Params;
  /** [samples, features]; `t0` is a scalar, or one time for each series. */
  apply(params: TensorsOf<Params>, series: SeriesBatch, t0: Tensor): Tensor;
}

/** A constructor of cells: `rnnCell`, `gruCell`, `lstmCell`, or one of yours. */
export type MakeCell<Params, State> = (
  inFeatures: number,
  hiddenFeatures: number,
  options?: CellOptions,
) => Cell<Params, State>;
