/** Records over the hours of a stay, and which of their values a model is to find. */
import { hostArray, random, type HostArray, type Random } from '@node-ode/core';
import { sharedTimes } from '@node-ode/datasets';
import { loadPhysionet2012, type LoadOptions } from '@node-ode/datasets/node';

/** Records of one split: times [hours], values and masks [records, hours, parameters]. */
export interface Records {
  readonly t: HostArray;
  readonly y: HostArray;
  readonly mask: HostArray;
}

/** Both splits in standard deviations of the split to train on. */
export interface Stays {
  readonly train: Records;
  readonly test: Records;
  readonly parameters: readonly string[];
  /** What a standard deviation is of the range of a parameter in both splits: to compare with numbers in such units. */
  readonly shareOfRange: readonly number[];
  /** Values that were left out: further from the mean than `farthest` deviations. */
  readonly leftOut: number;
  readonly values: number;
}

/** Values further from their parameter's mean than so many deviations are taken for errors of the record, as a pH of 735 is. */
export const farthest = 10;

/**
 * The stays, observations rounded to the hour, times in days, so that a stay lasts 2.
 *
 * @throws what the loader throws where the records are missing.
 */
export async function loadStays(data: Pick<LoadOptions, 'root'>, limit: number): Promise<Stays> {
  const set = await loadPhysionet2012({ ...data, quantize: 60, seed: 0, limit });
  const [train, test] = (['train', 'test'] as const).map((split) => {
    const { t, y, mask } = sharedTimes(set.all(split), { points: 49 });
    const kept = like(mask, (i) => (Math.abs(y.data[i] ?? 0) > farthest ? 0 : (mask.data[i] ?? 0)));
    return { all: mask, records: { t: like(t, (i) => (t.data[i] ?? NaN) / 24), y, mask: kept } };
  });
  if (train === undefined || test === undefined) throw new Error('two splits were asked for');
  const all = [train, test];
  const values = all.reduce((sum, part) => sum + total(part.all), 0);
  return {
    train: train.records,
    test: test.records,
    parameters: set.parameters,
    shareOfRange: rangesOf(all.map(({ records }) => records)).map((range) => 1 / range),
    values,
    leftOut: values - all.reduce((sum, { records }) => sum + total(records.mask), 0),
  };
}

/** What is seen of records, and what is hidden. */
export interface Hidden {
  readonly seen: HostArray;
  readonly hidden: HostArray;
}

/** Hides a share of the hours at which a stay has observations, with all that was observed; never its first and its last. */
export function hide(mask: HostArray, share: number, rng: Random): Hidden {
  const [records = 0, hours = 0, parameters = 0] = mask.shape;
  const isHidden = new Uint8Array(records * hours);
  for (let record = 0; record < records; record++) {
    const observed = Array.from({ length: hours }, (_, hour) => record * hours + hour).filter((row) =>
      mask.data.slice(row * parameters, (row + 1) * parameters).some((value) => value !== 0),
    );
    for (const row of observed.slice(1, -1)) isHidden[row] = rng.uniform() < share ? 1 : 0;
  }
  const pick = (which: number): HostArray =>
    like(mask, (i) => (isHidden[Math.floor(i / parameters)] === which ? (mask.data[i] ?? 0) : 0));
  return { seen: pick(0), hidden: pick(1) };
}

/** The same values hidden for all models. */
export const hideForTest = (mask: HostArray, share: number): Hidden => hide(mask, share, random(4711));

/** Some records. */
export function someRecords({ t, y, mask }: Records, indices: Int32Array): Records {
  const size = y.data.length / (y.shape[0] ?? 1);
  const take = (x: HostArray): HostArray => {
    const data = new Float32Array(indices.length * size);
    indices.forEach((index, i) => {
      data.set(x.data.slice(index * size, (index + 1) * size), i * size);
    });
    return hostArray(data, [indices.length, ...x.shape.slice(1)], 'f32');
  };
  return { t, y: take(y), mask: take(mask) };
}

const like = (x: HostArray, of: (i: number) => number): HostArray =>
  hostArray(
    Float32Array.from({ length: x.data.length }, (_, i) => of(i)),
    x.shape,
    'f32',
  );

function total({ data }: HostArray): number {
  let sum = 0;
  for (const value of data) sum += Number(value);
  return sum;
}

/** Largest less smallest value of each parameter, at least one deviation. */
function rangesOf(parts: readonly Records[]): number[] {
  const parameters = parts[0]?.y.shape[2] ?? 0;
  const [low, high] = [new Float64Array(parameters).fill(Infinity), new Float64Array(parameters).fill(-Infinity)];
  for (const { y, mask } of parts) {
    mask.data.forEach((observed, i) => {
      const [value, c] = [y.data[i] ?? NaN, i % parameters];
      if (observed === 0) return;
      low[c] = Math.min(low[c] ?? NaN, value);
      high[c] = Math.max(high[c] ?? NaN, value);
    });
  }
  return Array.from(low, (least, c) => Math.max(1, (high[c] ?? NaN) - least));
}
