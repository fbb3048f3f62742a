/** Data sets of series that are observed at times of their own, not all components at each. */
import {
  allocate,
  hostArray,
  OptionError,
  ShapeError,
  type Dataset,
  type FloatDType,
  type HostArray,
} from '@node-ode/core';
import { chunks, inOrder, iterable, positiveInteger, splitOf } from '../memory/splits.ts';

/** One series. */
export interface Series {
  /** Increasing. */
  readonly t: ArrayLike<number>;
  /** Row-major [times, dimensions]; NaN where there is no observation. */
  readonly y: ArrayLike<number>;
  /** A class of the whole series. */
  readonly label?: number;
}

/** Series side by side, all as long as the longest of the data set. */
export interface IrregularSample {
  /** Times; behind a series' last they go on increasing, so that solves with steps for each sample take them. [samples, times] */
  readonly t: HostArray;
  /** 0 where there is no observation. [samples, times, dimensions] */
  readonly y: HostArray;
  /** 1 where there is an observation, else 0, in the dtype of `y`. [samples, times, dimensions] */
  readonly mask: HostArray;
  /** How many of the times are the series' own, i32. [samples] */
  readonly length: HostArray;
  /** i32, −1 for a series without label. [samples] */
  readonly label: HostArray;
}

/** How series are given. */
export interface IrregularOptions {
  /** Components of `y`. */
  readonly dimensions: number;
  /** `f32` by default. */
  readonly dtype?: FloatDType;
}

/** A data set of series. */
export interface IrregularDataset extends Dataset<IrregularSample> {
  /** Times of each sample: those of the longest series. */
  readonly points: number;
  readonly dimensions: number;
}

/**
 * A data set of series with times of their own. Samples of all batches have one shape, so that a graph is compiled once.
 *
 * @throws OptionError if a series has no times, times that don't increase (in the dtype) or are not finite, an infinite value, or
 * a label that is no integer from 0; ShapeError if a series' values are not as many as its times say.
 * @example
 * const data = irregularSeries('two', { train: [{ t: [0, 1.5], y: [1, NaN] }, { t: [0.2], y: [3] }] }, { dimensions: 1 });
 * data.all('train').mask; // [[[1], [0]], [[1], [0]]]
 */
export function irregularSeries(
  name: string,
  splits: Readonly<Record<string, readonly Series[]>>,
  options: IrregularOptions,
): IrregularDataset {
  const { dimensions, dtype = 'f32' } = options;
  positiveInteger(name, 'dimensions', dimensions);
  const round = dtype === 'f32' ? Math.fround : (x: number): number => x;
  for (const [split, series] of Object.entries(splits)) {
    if (series.length === 0)
      throw new OptionError(name, `split “${split}” is empty`, { expected: 'at least one series' });
    series.forEach((one, i) => checkSeries(`${name}, split “${split}”, series ${i}`, one, dimensions, round));
  }
  const all = Object.values(splits).flat();
  const points = all.reduce((most, { t }) => Math.max(most, t.length), 0);
  const span = all.reduce((most, { t }) => Math.max(most, Math.abs(t[0] ?? 0), Math.abs(t[t.length - 1] ?? 0)), 0) || 1;
  const take = (series: readonly Series[], indices: Int32Array): IrregularSample => {
    const n = indices.length;
    const sample = {
      t: hostArray(allocate(dtype, n * points), [n, points], dtype),
      y: hostArray(allocate(dtype, n * points * dimensions), [n, points, dimensions], dtype),
      mask: hostArray(allocate(dtype, n * points * dimensions), [n, points, dimensions], dtype),
      length: hostArray(new Int32Array(n), [n], 'i32'),
      label: hostArray(new Int32Array(n), [n], 'i32'),
    };
    indices.forEach((index, i) => {
      const one = series[index];
      if (one === undefined) return;
      const last = one.t[one.t.length - 1] ?? 0;
      for (let k = 0; k < points; k++) {
        sample.t.data[i * points + k] = one.t[k] ?? last + (span * (k + 1 - one.t.length)) / points;
      }
      for (let k = 0; k < one.y.length; k++) {
        const [value = NaN, at] = [one.y[k], i * points * dimensions + k];
        if (Number.isNaN(value)) continue;
        sample.y.data[at] = value;
        sample.mask.data[at] = 1;
      }
      sample.length.data[i] = one.t.length;
      sample.label.data[i] = one.label ?? -1;
    });
    return sample;
  };
  const part = (split: string): readonly Series[] => splitOf(name, splits, split);
  return {
    name,
    points,
    dimensions,
    splits: Object.keys(splits),
    size: (split) => part(split).length,
    all: (split) => take(part(split), inOrder(part(split).length)),
    batches: (split, { batchSize, random, dropLast = false }) => {
      const series = part(split);
      positiveInteger(`${name}.batches`, 'batchSize', batchSize);
      const indices = random === undefined ? inOrder(series.length) : random.shuffle(series.length);
      return iterable(function* () {
        for (const some of chunks(indices, batchSize, dropLast)) yield take(series, some);
      });
    },
  };
}

function checkSeries(where: string, { t, y, label }: Series, dimensions: number, round: (x: number) => number): void {
  if (y.length !== t.length * dimensions) {
    throw new ShapeError(where, `${y.length} values at ${t.length} times`, {
      expected: `${dimensions} for each time`,
    });
  }
  for (let k = 0; k < t.length; k++) {
    const [time = NaN, before = -Infinity] = [t[k], t[k - 1]];
    if (!Number.isFinite(time) || round(time) <= round(before)) {
      throw new OptionError(where, `time ${k} is ${time}${k > 0 ? `, after ${before}` : ''}`, {
        expected: 'finite times, each after the one before in the dtype of the data set',
      });
    }
  }
  const infinite = Array.prototype.findIndex.call(y, (value: number) => Math.abs(value) === Infinity);
  const isLabel = label === undefined || (Number.isInteger(label) && label >= 0);
  if (t.length === 0 || infinite !== -1 || !isLabel) {
    const what = t.length === 0 ? 'no times' : infinite !== -1 ? `value ${infinite} is infinite` : `label ${label}`;
    throw new OptionError(where, what, {
      expected: 'at least one time, finite values (NaN where there is none), labels from 0',
    });
  }
}
