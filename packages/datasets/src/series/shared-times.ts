/** A batch of irregular series over the times of all of them. */
import { allocate, hostArray, OptionError } from '@node-ode/core';
import type { IrregularSample } from './irregular.ts';

/** Series over one list of times. */
export interface SharedTimesSample extends Omit<IrregularSample, 't' | 'length'> {
  /** Increasing; shape [times]. */
  readonly t: IrregularSample['t'];
}

/**
 * The series of a batch over the union of their times, so that one solve with one step size for the batch gives them all; where
 * a series has no observation its mask is 0. The number of times depends on the batch, unless `points` says it: then times
 * without observations follow the last.
 *
 * @throws OptionError if there are more times than `points`.
 * @example
 * const data = irregularSeries('two', { train: [{ t: [0, 2], y: [1, 2] }, { t: [1], y: [3] }] }, { dimensions: 1 });
 * sharedTimes(data.all('train')).t; // [0, 1, 2]
 */
export function sharedTimes(sample: IrregularSample, options: { readonly points?: number } = {}): SharedTimesSample {
  const [samples = 0, length = 0, dimensions = 0] = sample.y.shape;
  const dtype = sample.t.dtype;
  const own = Array.from({ length: samples }, (_, i) =>
    Array.from(sample.t.data.subarray(i * length, i * length + (sample.length.data[i] ?? 0))),
  );
  const union = [...new Set(own.flat())].sort((a, b) => a - b);
  const { points = union.length } = options;
  if (!Number.isInteger(points) || points < union.length) {
    throw new OptionError('sharedTimes', `points ${points}`, {
      expected: `at least the batch's ${union.length} times`,
    });
  }
  const [first = 0, last = 0] = [union[0], union[union.length - 1]];
  const gap = Math.max(Math.abs(first), Math.abs(last)) / Math.max(1, points) || 1;
  const t = allocate(dtype, points);
  for (let k = 0; k < points; k++) t[k] = union[k] ?? last + gap * (k + 1 - union.length);
  const index = new Map(union.map((time, k) => [time, k]));
  const [y, mask] = [sample.y, sample.mask].map((x) => {
    const data = allocate(x.dtype, samples * points * dimensions);
    own.forEach((times, i) => {
      times.forEach((time, k) => {
        const from = (i * length + k) * dimensions;
        data.set(x.data.subarray(from, from + dimensions), (i * points + (index.get(time) ?? 0)) * dimensions);
      });
    });
    return hostArray(data, [samples, points, dimensions], x.dtype);
  });
  return { t: hostArray(t, [points], dtype), y: y ?? sample.y, mask: mask ?? sample.mask, label: sample.label };
}
