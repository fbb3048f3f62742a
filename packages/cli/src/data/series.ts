/** Series: from a file, or from a data set whose samples have times. */
import { isHostArray, random, type Dataset, type HostArray } from '@node-ode/core';
import { seriesOf, type CsvTable } from '@node-ode/datasets';
import type { DataConfig } from '../config/config.ts';
import { UsageError } from '../errors.ts';
import { isRecord } from '../plugins/package-info.ts';
import { columnScale, scaled, unscaled } from './arrays.ts';
import { otherNumbers } from './table.ts';
import { identityScale, type ForecastCase, type HostSeries, type SeriesInfo, type SeriesProblem } from './problem.ts';

/** Series before they are in the model's units. */
interface RawSplits {
  readonly train: readonly HostSeries[];
  readonly test: readonly ForecastCase[];
  readonly all: readonly HostSeries[];
}

/** The rows `from` to `to` of a series. */
export const stretch = ({ id, t, y }: HostSeries, from: number, to: number): HostSeries => {
  const width = y.length / t.length;
  return { id, t: t.slice(from, to), y: y.slice(from * width, to * width) };
};

/** A series in two: what is known, and what comes. */
const cut = (series: HostSeries, at: number): ForecastCase => ({
  history: stretch(series, 0, at),
  future: stretch(series, at, series.t.length),
});

/**
 * The series of a table. Of one series the last times are held out, of several some series, whose second half is forecast.
 *
 * @throws what `seriesOf` throws; UsageError if there is too little.
 */
export function seriesFromFile(
  table: CsvTable,
  data: DataConfig & { readonly time: string },
  seed: number,
): SeriesProblem {
  const { time, series, test = 0.2 } = data;
  const values = data.values ?? otherNumbers(table, [time, series]);
  const found = seriesOf(table, { time, values, ...(series === undefined ? {} : { series }) });
  const all = Array.from(found, ([id, { t, y }]): HostSeries => ({ id, t: Array.from(t), y: Float64Array.from(y) }));
  return problemOf(splitsOf(all, test, seed, table.source), data, { values, time, series });
}

function splitsOf(all: readonly HostSeries[], test: number, seed: number, source: string): RawSplits {
  const [only] = all;
  if (only === undefined)
    throw new UsageError('data', `${source} has no observations`, { expected: 'at least three times' });
  if (all.length === 1) {
    const ends = cutEnd(only, test, source);
    return { train: [ends.history], test: [ends], all };
  }
  const order = Array.from(random(seed).shuffle(all.length));
  const held = Math.min(all.length - 1, Math.max(1, Math.round(all.length * test)));
  const pick = (indices: readonly number[]): readonly HostSeries[] => indices.flatMap((i) => all[i] ?? []);
  return { train: pick(order.slice(held)), test: halves(pick(order.slice(0, held))), all };
}

/** The last times of a series, of which there are enough before. */
function cutEnd(series: HostSeries, share: number, source: string): ForecastCase {
  const { length } = series.t;
  const at = length - Math.max(1, Math.round(length * share));
  if (at >= 2) return cut(series, at);
  throw new UsageError('data', `${source} has ${length} times`, {
    expected: 'at least two to go on from beside those held out',
  });
}

/**
 * What forecasts of given series are held to: the last fifth of one, the second halves of several.
 *
 * @throws UsageError if there is too little.
 */
export function heldOut(all: readonly HostSeries[], source: string): readonly ForecastCase[] {
  const [only] = all;
  return all.length === 1 && only !== undefined ? [cutEnd(only, 0.2, source)] : halves(all);
}

const halves = (series: readonly HostSeries[]): readonly ForecastCase[] =>
  series.filter(({ t }) => t.length > 1).map((one) => cut(one, Math.ceil(one.t.length / 2)));

/** The series of a data set; undefined if its samples are something else. */
export function seriesFromSet(set: Dataset<unknown>, data: DataConfig): SeriesProblem | undefined {
  const splits = set.splits.map((split) => seriesIn(set.all(split)));
  const [train, test = []] = splits;
  const width = train?.[0] === undefined ? 0 : train[0].y.length / train[0].t.length;
  if (train === undefined || width === 0) return undefined;
  const values = data.values ?? (width === 1 ? ['y'] : Array.from({ length: width }, (_, i) => `y${i + 1}`));
  if (values.length !== width) {
    throw new UsageError('data.values', `${values.length} names: ${values.join(', ')}`, {
      expected: `${width}, one for each value of the data set's series`,
    });
  }
  const [last, next] = [train[0]!, test[0]];
  const goesOn = train.length === 1 && test.length === 1 && (next?.t[0] ?? -Infinity) > (last.t.at(-1) ?? Infinity);
  const raw: RawSplits =
    goesOn && next !== undefined
      ? { train, test: [{ history: last, future: next }], all: [joined(last, next)] }
      : { train, test: halves(test), all: test.length > 0 ? test : train };
  return problemOf(raw, data, {
    values,
    time: data.time ?? 't',
    series: raw.all.length > 1 ? (data.series ?? 'series') : undefined,
  });
}

const joined = (a: HostSeries, b: HostSeries): HostSeries => ({
  id: a.id,
  t: [...a.t, ...b.t],
  y: Float64Array.from([...a.y, ...b.y]),
});

/** Series of a sample: one [times, values], several [samples, times, values], or times first where they are shared. */
function seriesIn(sample: unknown): readonly HostSeries[] {
  if (!isRecord(sample)) return [];
  const { t, y, mask } = sample;
  if (!isHostArray(t) || !isHostArray(y)) return [];
  const observed = isHostArray(mask) ? mask : undefined;
  const times = t.shape.at(-1) ?? 0;
  if (y.shape.length === 2 && t.shape.length === 1) return [seriesAt(t, y, observed, 0, times, (k) => k)];
  const width = y.shape[2] ?? 0;
  if (y.shape.length !== 3 || width === 0) return [];
  const isTimeFirst = t.shape.length === 1 && y.shape[0] === times && y.shape[1] !== times;
  const samples = (isTimeFirst ? y.shape[1] : y.shape[0]) ?? 0;
  return Array.from({ length: samples }, (_, i) =>
    seriesAt(t, y, observed, i, times, (k) => (isTimeFirst ? k * samples + i : i * times + k)),
  );
}

function seriesAt(
  t: HostArray,
  y: HostArray,
  mask: HostArray | undefined,
  index: number,
  times: number,
  rowOf: (k: number) => number,
): HostSeries {
  const width = y.shape.at(-1) ?? 0;
  const start = t.shape.length === 1 ? 0 : index * times;
  const isObserved = (row: number, c: number): boolean => {
    if (mask === undefined) return true;
    return mask.data[mask.shape.length === y.shape.length ? row * width + c : row] !== 0;
  };
  const rows = Array.from({ length: times }, (_, k) => {
    const row = rowOf(k);
    const values = Array.from({ length: width }, (_, c) =>
      isObserved(row, c) ? Number(y.data[row * width + c]) : NaN,
    );
    return { time: Number(t.data[start + k]), values };
  }).filter(({ values }) => !values.every(Number.isNaN));
  return {
    id: String(index),
    t: rows.map(({ time }) => time),
    y: Float64Array.from(rows.flatMap(({ values }) => values)),
  };
}

/** In the model's units: values standardised by `train`, times counted in its median step. */
function problemOf(
  raw: RawSplits,
  { transform = 'none', standardize = true }: DataConfig,
  columns: Pick<SeriesInfo, 'values' | 'time' | 'series'>,
): SeriesProblem {
  const width = columns.values.length;
  const gaps = raw.train.flatMap(({ t }) => t.slice(1).map((time, k) => time - (t[k] ?? NaN))).sort((a, b) => a - b);
  const timeUnit = gaps[Math.floor(gaps.length / 2)];
  if (timeUnit === undefined || !(timeUnit > 0)) {
    throw new UsageError('data', 'no series has two times', { expected: 'series to learn from: at least two times' });
  }
  const plain = { task: 'forecast', ...columns, transform, scale: identityScale(width), timeUnit } as const;
  const values = Float64Array.from(raw.train.flatMap((one) => Array.from(toModel(one, plain).y)));
  const info: SeriesInfo = { ...plain, scale: standardize ? columnScale(values, width) : identityScale(width) };
  const convert = (one: HostSeries): HostSeries => toModel(one, info);
  return {
    info,
    train: raw.train.map(convert),
    test: raw.test.map(({ history, future }) => ({ history: convert(history), future: convert(future) })),
    all: raw.all.map(convert),
  };
}

/** A series in the model's units. */
export function toModel({ id, t, y }: HostSeries, { transform, scale, timeUnit }: SeriesInfo): HostSeries {
  const positive = transform === 'none' ? y : y.map((value) => (Number.isNaN(value) ? NaN : logOf(value)));
  return { id, t: t.map((time) => time / timeUnit), y: scaled(positive, scale) };
}

function logOf(value: number): number {
  if (value > 0) return Math.log(value);
  throw new UsageError('data', `the value ${value} with transform: log`, { expected: 'positive values' });
}

/** Values in their own units. */
export function fromModel(y: ArrayLike<number>, { transform, scale }: SeriesInfo): Float64Array {
  const values = unscaled(y, scale);
  return transform === 'log' ? values.map(Math.exp) : values;
}
