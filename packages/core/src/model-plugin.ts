/**
 * The contract of models that are made for data which only the user knows: what programs such as the command line need beside
 * `Model`. A plugin is what a factory of options gives, `odeNet({ width: 16 })`; `makes` has a function for each task that it does.
 */
import type { HostArray } from './array.ts';
import type { FloatDType } from './graph/dtype.ts';
import type { Random } from './random.ts';
import type { Ode } from './runtime/create-ode.ts';
import type { Tensor } from './tensor/tensor.ts';

/** What every task tells of where the model is made. */
export interface TaskSetup {
  /** Solver, controller and gradient method: others in an evaluation than in training. */
  readonly ode: Pick<Ode, 'odeint'>;
  /** Of parameters and data. */
  readonly dtype: FloatDType;
}

/** Rows of a table, and what is learned from them. */
export interface TableSetup extends TaskSetup {
  /** Columns of `x`. */
  readonly features: number;
  /** Classes of a classification, numbers of a regression. */
  readonly outputs: number;
}

/** Time series. */
export interface SeriesSetup extends TaskSetup {
  /** Components of an observation. */
  readonly dimensions: number;
}

/** Points whose density is learned. */
export interface DensitySetup extends TaskSetup {
  /** Components of a point. */
  readonly dimension: number;
}

/** What a loss has beside its batch. */
export interface LossContext<Noise = unknown> {
  /** What `noise` drew, as tensors; undefined for a model without. */
  readonly noise: Noise;
  /** Steps of training done before this one: a scalar of the data's dtype. */
  readonly step: Tensor;
}

/**
 * A model that is trained on batches. `Params`, a tree of host arrays, is the model's own; programs keep it without looking into
 * it. Functions with a `Tensor` in them are traced.
 */
export interface TrainableModel<Batch> {
  readonly name: string;
  /** Fresh parameters: a tree of host arrays. */
  init(random: Random): unknown;
  /** Random numbers, a tree of host arrays, that the loss of so many samples takes. */
  noise?(random: Random, samples: number): unknown;
  /** A scalar to minimise: the mean over the batch. `params` is the tree that `init` gives, as tensors. */
  loss(params: unknown, batch: Batch, context: LossContext): Tensor;
}

/** Rows with their classes. */
export interface ClassBatch {
  /** [samples, features] */
  readonly x: Tensor;
  /** i32, [samples] */
  readonly label: Tensor;
}

/** Rows with their numbers. */
export interface NumberBatch {
  /** [samples, features] */
  readonly x: Tensor;
  /** [samples, outputs] */
  readonly y: Tensor;
}

/** A model of tables: `apply` gives logits, or numbers, [samples, outputs]. */
export interface TableModel<Batch> extends TrainableModel<Batch> {
  apply(params: unknown, x: Tensor): Tensor;
}

/** Observed series side by side. */
export interface ObservedSeries {
  /** Increasing: [times] for all of them, or [samples, times]. */
  readonly t: Tensor;
  /** [samples, times, dimensions]; anything where nothing is observed. */
  readonly y: Tensor;
  /** As `y`: 1 where there is an observation, else 0. */
  readonly mask: Tensor;
}

/** A model of time series. */
export interface SeriesModel extends TrainableModel<ObservedSeries> {
  /** Whether series of a loss have to begin with an observation of all components; false by default. */
  readonly needsWholeStart?: boolean;
  /**
   * Values [samples, times, dimensions] at times [times], which increase from after the last of `observed`, whose times are those of all
   * series. Series are observed in all components at their last time.
   */
  forecast(params: unknown, observed: ObservedSeries, t: Tensor): Tensor;
}

/** Points to learn the density of. */
export interface PointBatch {
  /** [samples, dimension] */
  readonly x: Tensor;
}

/** A model of densities. */
export interface DensityModel extends TrainableModel<PointBatch> {
  /** log p of each point: [samples]. */
  logProb(params: unknown, x: Tensor, noise: unknown): Tensor;
  /** Random numbers for so many samples. */
  base(random: Random, samples: number): HostArray;
  /** Points [samples, dimension] made of them. */
  sample(params: unknown, base: Tensor): Tensor;
}

/** What a model can be trained for, and how it is made for it. */
export interface TaskModels {
  /** Classes from rows: `outputs` logits. */
  readonly classification?: (setup: TableSetup) => TableModel<ClassBatch>;
  /** Numbers from rows. */
  readonly regression?: (setup: TableSetup) => TableModel<NumberBatch>;
  /** Series into the future. */
  readonly forecast?: (setup: SeriesSetup) => SeriesModel;
  /** The density of points, and samples of it. */
  readonly density?: (setup: DensitySetup) => DensityModel;
}

/** The tasks. */
export type Task = keyof TaskModels;

/**
 * A model with its options chosen, to be made for data. A package declares the factory in its package.json,
 * `"node-ode": { "model": "mine" }`, and `node-ode train --model <package>` trains it. A `Model` with a loss is a `TableModel` as
 * it is.
 *
 * @example
 * export const mine = (options: { width?: number } = {}): ModelPlugin => {
 *   requireKnownOptions('mine', options, { width: true });
 *   return { name: 'mine', makes: { regression: ({ ode, features, outputs }) => regressor(network(ode, features, outputs, options)) } };
 * };
 */
export interface ModelPlugin {
  readonly name: string;
  readonly makes: TaskModels;
}
