/** Series of rows of CSV or JSON lines, in their own units. */
import { FormatError } from '@node-ode/core';
import type { Io } from '../io.ts';
import { numberOf, openRows, type Row, type RowFormat } from '../rows/read.ts';
import type { HostSeries, SeriesInfo } from './problem.ts';

/** Where rows are. */
export interface SeriesSource {
  readonly path: string;
  readonly format: RowFormat | undefined;
  readonly delimiter: string;
}

interface Observation {
  readonly time: number;
  readonly values: readonly number[];
}

/**
 * Series as they are whole, each ordered by time. The rows of one come one after another, and no more than they are kept; with
 * `areMixed` they come in any order, and all are.
 *
 * @throws FormatError for a row without a time, a time twice in a series, a series that comes back, or a column that is missing.
 * @example
 * for await (const { id, t, y } of wholeSeries(source, info, io, { areMixed: false })) …
 */
export async function* wholeSeries(
  { path, format, delimiter }: SeriesSource,
  info: SeriesInfo,
  io: Io,
  { areMixed }: { readonly areMixed: boolean },
): AsyncGenerator<HostSeries> {
  const { source, rows } = await openRows(path, format, delimiter, io);
  const ids = new Set<string>();
  const open = new Map<string, Observation[]>();
  for await (const row of rows) {
    const id = idOf(row, info);
    const observations = open.get(id) ?? [];
    if (observations.length === 0) {
      if (ids.has(id)) throw comesBack(id, row, source);
      if (!areMixed) {
        for (const [before, whole] of open) yield ordered(before, whole, source);
        open.clear();
      }
      ids.add(id);
      open.set(id, observations);
    }
    observations.push(observationOf(row, info, source));
  }
  if (ids.size === 0) throw new FormatError('rows', `${source} has no rows`, { expected: 'at least one observation' });
  for (const [id, whole] of open) yield ordered(id, whole, source);
}

/** Rows without the column are of one series. */
const idOf = ({ fields }: Row, { series }: SeriesInfo): string =>
  series === undefined ? '' : String(fields[series] ?? '');

function observationOf(row: Row, info: SeriesInfo, source: string): Observation {
  const time = numberOf(row, info.time, source);
  if (Number.isNaN(time)) {
    throw new FormatError('rows', `${source}, line ${row.line}: there is no time`, {
      expected: `a number in “${info.time}”`,
    });
  }
  return { time, values: info.values.map((name) => numberOf(row, name, source, info.missingValues)) };
}

const comesBack = (id: string, { line }: Row, source: string): FormatError =>
  new FormatError('rows', `${source}, line ${line}: series ${id} again, behind another`, {
    expected: 'the rows of a series one after another, as no others are kept',
    advice: 'Sort them by series, or say --mixed, which keeps all in memory.',
  });

function ordered(id: string, observations: readonly Observation[], source: string): HostSeries {
  const inTime = observations.toSorted((a, b) => a.time - b.time);
  const twice = inTime.find(({ time }, k) => time === inTime[k - 1]?.time);
  if (twice === undefined) {
    return { id, t: inTime.map(({ time }) => time), y: Float64Array.from(inTime.flatMap(({ values }) => values)) };
  }
  throw new FormatError('rows', `${source} has the time ${twice.time} twice${id === '' ? '' : ` in series ${id}`}`, {
    expected: id === '' ? 'one series, each time once' : 'each time once in a series',
  });
}
