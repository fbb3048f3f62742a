/** Series of rows of CSV or JSON lines, in their own units. */
import { FormatError } from '@node-ode/core';
import type { Io } from '../io.ts';
import { numberOf, openRows, type RowFormat } from '../rows/read.ts';
import type { HostSeries, SeriesInfo } from './problem.ts';

/** Where rows are. */
export interface SeriesSource {
  readonly path: string;
  readonly format: RowFormat | undefined;
  readonly delimiter: string;
}

/**
 * Collects rows to series, each ordered by time, in the order of their first rows.
 *
 * @throws FormatError for a row without a time, a time twice in a series, or a column that is missing.
 */
export async function rawSeries(
  { path, format, delimiter }: SeriesSource,
  info: SeriesInfo,
  io: Io,
): Promise<readonly HostSeries[]> {
  const { source, rows } = await openRows(path, format, delimiter, io);
  const found = new Map<string, { readonly time: number; readonly values: readonly number[] }[]>();
  for await (const row of rows) {
    const id = info.series === undefined ? '' : String(row.fields[info.series] ?? '');
    const time = numberOf(row, info.time, source);
    const series = found.get(id) ?? [];
    if (Number.isNaN(time)) {
      throw new FormatError('forecast', `${source}, line ${row.line}: there is no time`, {
        expected: `a number in “${info.time}”`,
      });
    }
    series.push({ time, values: info.values.map((name) => numberOf(row, name, source)) });
    found.set(id, series);
  }
  if (found.size === 0)
    throw new FormatError('forecast', `${source} has no rows`, { expected: 'at least one observation' });
  return Array.from(found, ([id, unordered]) => {
    const ordered = unordered.toSorted((a, b) => a.time - b.time);
    const twice = ordered.find(({ time }, k) => time === ordered[k - 1]?.time);
    if (twice !== undefined) {
      throw new FormatError(
        'forecast',
        `${source} has the time ${twice.time} twice${id === '' ? '' : ` in series ${id}`}`,
        {
          expected: info.series === undefined ? 'one series, each time once' : 'each time once in a series',
        },
      );
    }
    return { id, t: ordered.map(({ time }) => time), y: Float64Array.from(ordered.flatMap(({ values }) => values)) };
  });
}
