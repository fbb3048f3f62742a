/** From observations, one by one, to series. */
import { OptionError, random } from '@node-ode/core';
import type { CsvTable } from '../csv/parse.ts';
import type { Series } from './irregular.ts';

/** Observations by series: what a row of a file says. */
export interface SeriesBuilder {
  /** A value of a component of a series at a time. Of several at one time the mean is taken. */
  add(series: string, t: number, component: number, value: number): void;
  /** The series in the order of their first observations. */
  build(labels?: ReadonlyMap<string, number>): ReadonlyMap<string, Series>;
}

interface Cell {
  sum: number;
  count: number;
}

/** Collects observations of `dimensions` components. */
export function seriesBuilder(dimensions: number): SeriesBuilder {
  const all = new Map<string, Map<number, Map<number, Cell>>>();
  return {
    add: (series, t, component, value) => {
      const rows = all.get(series) ?? new Map<number, Map<number, Cell>>();
      all.set(series, rows);
      const row = rows.get(t) ?? new Map<number, Cell>();
      rows.set(t, row);
      const cell = row.get(component) ?? { sum: 0, count: 0 };
      row.set(component, cell);
      cell.sum += value;
      cell.count += 1;
    },
    build: (labels) =>
      new Map(
        Array.from(all, ([id, rows]) => {
          const times = [...rows.keys()].sort((a, b) => a - b);
          const y = new Float64Array(times.length * dimensions).fill(NaN);
          times.forEach((t, k) => {
            rows.get(t)?.forEach(({ sum, count }, component) => (y[k * dimensions + component] = sum / count));
          });
          const label = labels?.get(id);
          return [id, { t: times, y, ...(label === undefined ? {} : { label }) }];
        }),
      ),
  };
}

/** Which columns of a table hold series. */
export interface SeriesColumns {
  /** Column, of text or numbers, that tells the series apart; without it the table is one series. */
  readonly series?: string;
  /** Column of times. */
  readonly time: string;
  /** Columns of values, one for each component; what is missing is not observed. */
  readonly values: readonly string[];
}

/**
 * The series of a table whose rows are in any order. Of several values at one time the mean is taken; rows without values are
 * left out.
 *
 * @returns by the series' names
 * @throws OptionError if there is no such column, or a time is missing.
 * @example
 * const table = parseCsv('id,t,a,b\n1,0,5,NA\n1,2,6,7\n2,1,8,9\n');
 * const series = [...seriesOf(table, { series: 'id', time: 't', values: ['a', 'b'] }).values()];
 * const data = irregularSeries('mine', { train: series }, { dimensions: 2 });
 */
export function seriesOf(table: CsvTable, columns: SeriesColumns): ReadonlyMap<string, Series> {
  const numbers = (name: string): Float64Array => {
    const values = Object.hasOwn(table.numbers, name) ? table.numbers[name] : undefined;
    if (values !== undefined) return values;
    throw new OptionError('seriesOf', `${table.source} has no column of numbers “${name}”`, {
      expected: `one of ${Object.keys(table.numbers).join(', ')}`,
    });
  };
  const { series, time, values } = columns;
  const text = series !== undefined && Object.hasOwn(table.text, series) ? table.text[series] : undefined;
  const ids = text ?? (series === undefined ? [] : Array.from(numbers(series), String));
  const [times, components] = [numbers(time), values.map(numbers)];
  const builder = seriesBuilder(values.length);
  for (let row = 0; row < table.length; row++) {
    const t = times[row] ?? NaN;
    if (Number.isNaN(t)) {
      throw new OptionError('seriesOf', `row ${row + 1} of ${table.source} has no time “${time}”`, {
        expected: 'a time in each row',
      });
    }
    components.forEach((component, k) => {
      const value = component[row] ?? NaN;
      if (!Number.isNaN(value)) builder.add(ids[row] ?? '', t, k, value);
    });
  }
  return builder.build();
}

/** Splits series at random into those to train and those to test on. */
export function splitSeries(
  operation: string,
  series: readonly Series[],
  options: { readonly test: number; readonly seed: number },
): { readonly train: readonly Series[]; readonly test: readonly Series[] } {
  const { test, seed } = options;
  const count = Math.round(series.length * test);
  if (!(test > 0 && test < 1) || count === 0 || count === series.length) {
    throw new OptionError(operation, `a share of ${test} of ${series.length} series`, {
      expected: 'a share between 0 and 1 that leaves series in both parts',
    });
  }
  const order = Array.from(random(seed).shuffle(series.length), (i) => series[i]).filter((one) => one !== undefined);
  return { train: order.slice(count), test: order.slice(0, count) };
}

/** Mean and deviation of each component over what was observed; 0 and 1 where nothing, or always the same, was. */
export function componentScales(series: readonly Series[], dimensions: number): { mean: number[]; std: number[] } {
  const [count, mean, squares] = [0, 0, 0].map(() => new Float64Array(dimensions));
  for (const { y } of series) {
    for (let k = 0; k < y.length; k++) {
      const [value = NaN, c] = [y[k], k % dimensions];
      if (Number.isNaN(value) || !count || !mean || !squares) continue;
      // Welford's update
      const n = (count[c] ?? 0) + 1;
      const before = mean[c] ?? 0;
      const after = before + (value - before) / n;
      [count[c], mean[c], squares[c]] = [n, after, (squares[c] ?? 0) + (value - before) * (value - after)];
    }
  }
  return {
    mean: Array.from(mean ?? []),
    std: Array.from(squares ?? [], (sum, c) => Math.sqrt(sum / Math.max(1, count?.[c] ?? 0)) || 1),
  };
}

/** The series with other values. */
export const mapValues = (series: Series, fn: (value: number, k: number) => number): Series => ({
  ...series,
  y: Float64Array.from(series.y, fn),
});
