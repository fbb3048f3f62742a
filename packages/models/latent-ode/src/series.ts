/** Batches of irregularly observed series as a traced function sees them. */
import { concat, formatType, sameShape, select, ShapeError, type Tensor } from '@node-ode/core';

/**
 * Series side by side. Times are those of all of them, or each has its own; what a series has not observed, padding
 * included, its mask leaves out. `sharedTimes` and `irregularSeries` of @node-ode/datasets give both kinds.
 */
export interface SeriesBatch {
  /** Increasing: [times], or [samples, times] where each series has its own. */
  readonly t: Tensor;
  /** [samples, times, dimensions]; what is not observed may be anything. */
  readonly y: Tensor;
  /** As `y`: true, or not 0, where there is an observation. */
  readonly mask: Tensor;
}

/** A batch with the times first, as loops run along it. */
export interface TimeFirst {
  /** [times, samples, 1] */
  readonly t: Tensor;
  /** [times, samples, dimensions]; 0 where nothing is observed. */
  readonly y: Tensor;
  /** 1 or 0, as `y`. */
  readonly observed: Tensor;
  /** Whether a series has any observation at a time: bool [times, samples]. */
  readonly any: Tensor;
}

/**
 * Checks a batch, and puts the times first.
 *
 * @throws ShapeError if times, values and masks don't fit each other or `dimensions`.
 */
export function timeFirst(operation: string, { t, y, mask }: SeriesBatch, dimensions: number): TimeFirst {
  requireBatch(operation, { t, y, mask }, dimensions);
  const isObserved = (mask.dtype === 'bool' ? mask : mask.notEqual(0)).transpose([1, 0, 2]);
  return {
    t: timesOfSamples(t, y.shape[0] ?? 0).expandDims(2),
    // A NaN that is not observed would come back as 0 · NaN in gradients.
    y: select(isObserved, y.transpose([1, 0, 2]), 0),
    observed: isObserved.cast(y.dtype),
    any: isObserved.any({ axes: [2] }),
  };
}

/** Times [times] or [samples, times] as [times, samples]. */
export const timesOfSamples = (t: Tensor, samples: number): Tensor =>
  t.rank === 2 ? t.transpose() : t.expandDims(1).broadcastTo([...t.shape, samples]);

/** The first time of a batch: a scalar, or one for each series. */
export const firstTime = (t: Tensor): Tensor => (t.rank === 2 ? t.transpose().at(0) : t.at(0));

/**
 * What encoders run along: [t − t₀, y, observed] on the last axis, [times, samples, 1 + 2·dimensions], and whether there is
 * anything to see.
 */
export function observationsSince(
  operation: string,
  series: SeriesBatch,
  dimensions: number,
  t0: Tensor,
): { readonly inputs: Tensor; readonly any: Tensor } {
  const { t, y, observed, any } = timeFirst(operation, series, dimensions);
  return { inputs: concat([t.sub(t0.rank === 0 ? t0 : t0.expandDims(1)), y, observed], 2), any };
}

/** The time and the rest of one step's input [samples, 1 + features]. */
export function splitTime(input: Tensor): { readonly time: Tensor; readonly values: Tensor } {
  const [samples = 0, features = 0] = input.shape;
  return { time: input.slice([0, 0], [samples, 1]), values: input.slice([0, 1], [samples, features - 1]) };
}

function requireBatch(operation: string, { t, y, mask }: SeriesBatch, dimensions: number): void {
  const [samples = 0, times = 0] = y.shape;
  if (y.rank !== 3 || y.shape[2] !== dimensions || samples === 0 || times === 0) {
    throw new ShapeError(operation, `series y ${formatType(y.type)}`, {
      expected: `[samples, times, ${dimensions}], at least one of each`,
    });
  }
  if (!sameShape(mask.shape, y.shape)) {
    throw new ShapeError(operation, `a mask ${formatType(mask.type)} for series y ${formatType(y.type)}`, {
      expected: 'the same shape: whether each value is observed',
    });
  }
  if (!sameShape(t.shape, [times]) && !sameShape(t.shape, [samples, times])) {
    throw new ShapeError(operation, `times t ${formatType(t.type)} for series y ${formatType(y.type)}`, {
      expected: `[${times}] for all series, or [${samples}, ${times}]`,
    });
  }
}
