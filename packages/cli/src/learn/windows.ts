/** Stretches of series, as long as each other, that a model is fitted to. */
import { array, type FloatDType, type HostArray } from '@node-ode/core';
import { stretch } from '../data/series.ts';
import type { HostSeries, SeriesProblem } from '../data/problem.ts';
import { UsageError } from '../errors.ts';
import type { Learner } from './learner.ts';
import { rowBatches } from './row-batches.ts';

/** How series are cut. */
export interface WindowOptions {
  /** Times of a stretch; whole series without. */
  readonly window: number | undefined;
  readonly dtype: FloatDType;
  /** Whether stretches have to begin with an observation of all components. */
  readonly needsWholeStart: boolean;
}

/**
 * Batches [t, y, mask] of the stretches of series, one from each time on. Times count from a stretch's first: [times] if they are
 * the same for all, else [samples, times]. What is shorter goes on with times that are not observed.
 *
 * @throws UsageError if there is no stretch.
 */
export function windowBatches(
  { train, info }: Pick<SeriesProblem, 'train' | 'info'>,
  { window, dtype, needsWholeStart }: WindowOptions,
): Pick<Learner, 'epoch' | 'samples'> {
  const length = window ?? train.reduce((most, { t }) => Math.max(most, t.length), 0);
  const width = info.values.length;
  const cuts = train
    .flatMap((series) => stretchesOf(series, length))
    .filter(({ y }) => !needsWholeStart || !y.subarray(0, width).some(Number.isNaN));
  if (cuts.length === 0) {
    throw new UsageError('data', `no stretch of ${length} times begins with an observation of all values`, {
      expected: 'series with at least two times',
      advice: 'Take another window, or a model of partly observed series such as latent-ode.',
    });
  }
  const times = cuts.map(({ t }) => relativeTimes(t, length));
  const [first = []] = times;
  const isShared = times.every((own) => own.every((time, k) => Math.abs(time - first[k]!) <= 1e-4 * (1 + time)));
  const values = cuts.map(({ y }) => Float64Array.from({ length: length * width }, (_, k) => y[k] ?? NaN));
  const shape = [cuts.length, length, width];
  const flat = values.flatMap((own) => Array.from(own));
  const y = array(
    flat.map((value) => (Number.isNaN(value) ? 0 : value)),
    { dtype, shape },
  );
  const mask = array(
    flat.map((value) => (Number.isNaN(value) ? 0 : 1)),
    { dtype, shape },
  );
  if (!isShared) return rowBatches([array(times.flat(), { dtype, shape: [cuts.length, length] }), y, mask]);
  const t = array(first, { dtype });
  const { samples, epoch } = rowBatches([y, mask]);
  return { samples, epoch: (random, batchSize) => withTimes(t, epoch(random, batchSize)) };
}

function* withTimes(t: HostArray, batches: Iterable<readonly HostArray[]>): Iterable<readonly HostArray[]> {
  for (const batch of batches) yield [t, ...batch];
}

function stretchesOf(series: HostSeries, length: number): readonly HostSeries[] {
  const count = series.t.length - length + 1;
  if (count <= 1) return series.t.length > 1 ? [stretch(series, 0, length)] : [];
  return Array.from({ length: count }, (_, from) => stretch(series, from, from + length));
}

/** From 0; behind the last they go on by its gap. */
function relativeTimes(t: readonly number[], length: number): readonly number[] {
  const start = t[0] ?? 0;
  const last = (t.at(-1) ?? 0) - start;
  const gap = last > 0 ? last / (t.length - 1) : 1;
  return Array.from({ length }, (_, k) => (k < t.length ? t[k]! - start : last + gap * (k - t.length + 1)));
}
