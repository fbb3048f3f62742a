/** Data that a trained model is evaluated on: in its units, with its classes, whatever the data's own would be. */
import { array, FormatError, hostArray, type FloatDType } from '@node-ode/core';
import type { Io } from '../io.ts';
import { grouped, numberOf, openRows, type Row, type RowFormat } from '../rows/read.ts';
import { scaled } from './arrays.ts';
import { featuresOf } from './features.ts';
import type { Problem, ProblemInfo, SeriesInfo, TableInfo } from './problem.ts';
import { wholeSeries } from './raw-series.ts';
import { heldOut, toModel } from './series.ts';

/** Where rows are, and how they are read. */
export interface GivenSource {
  readonly path: string;
  readonly format: RowFormat | undefined;
  readonly delimiter: string;
}

/** The split that given rows are. */
export const givenSplit = 'given';

/** Rows that are read at a time: only their numbers are kept. */
const group = 1000;

/**
 * All rows of CSV or JSON lines, as the split `given`. Of series the end is held out: of one its last fifth, of several their halves.
 *
 * @throws FormatError naming the line of a row that the model can't be held to, and where there is none.
 * @example
 * const problem = await givenProblem(stored.info, { path: 'new.csv', format: undefined, delimiter: ',' }, 'f32', io);
 */
export async function givenProblem(
  info: ProblemInfo,
  source: GivenSource,
  dtype: FloatDType,
  io: Io,
): Promise<Problem> {
  if (info.task === 'forecast') return givenSeries(info, source, io);
  const { source: name, rows } = await openRows(source.path, source.format, source.delimiter, io);
  const [features, targets]: [Float64Array[], Float64Array[]] = [[], []];
  for await (const some of grouped(rows, group)) {
    features.push(featuresOf(some, name, info));
    if (info.task !== 'density') targets.push(targetsOf(some, name, info));
  }
  const x = matrix(features, info.features.length, dtype);
  if (x.shape[0] === 0) throw new FormatError('data', `${name} has no rows`, { expected: 'at least one' });
  if (info.task === 'density') return { info, splits: { [givenSplit]: { x } } };
  if (info.task === 'regression') {
    return { info, splits: { [givenSplit]: { x, y: matrix(targets, info.targets.length, dtype) } } };
  }
  const labels = Int32Array.from(targets.flatMap((part) => Array.from(part)));
  return { info, splits: { [givenSplit]: { x, label: hostArray(labels, [labels.length], 'i32') } } };
}

const matrix = (parts: readonly Float64Array[], columns: number, dtype: FloatDType): ReturnType<typeof array> => {
  const rows = parts.reduce((sum, { length }) => sum + length, 0) / columns;
  const all = new Float64Array(rows * columns);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return array(all, { dtype, shape: [rows, columns] });
};

/** Numbers of classes, or targets in the model's units. */
function targetsOf(rows: readonly Row[], source: string, info: TableInfo): Float64Array {
  if (info.task === 'classification') return Float64Array.from(rows, (row) => classOf(row, source, info));
  const values = rows.flatMap((row) =>
    info.targets.map((column) => {
      const value = numberOf(row, column, source, info.missingValues);
      if (!Number.isNaN(value)) return value;
      throw new FormatError('data', `${source}, line ${row.line}: “${column}” is missing`, { expected: 'a number' });
    }),
  );
  return scaled(values, info.targetScale);
}

function classOf({ fields, line }: Row, source: string, { target, classes }: TableInfo): number {
  const given = Object.hasOwn(fields, target) ? String(fields[target]) : undefined;
  const found = given === undefined ? -1 : classes.indexOf(given);
  if (found !== -1) return found;
  throw new FormatError(
    'data',
    `${source}, line ${line}: ${given === undefined ? `there is no column “${target}”` : `“${given}” is no class`}`,
    { expected: `a “${target}” of the model's: ${classes.join(', ')}` },
  );
}

async function givenSeries(info: SeriesInfo, source: GivenSource, io: Io): Promise<Problem> {
  const all = [];
  for await (const series of wholeSeries(source, info, io, { areMixed: true })) all.push(toModel(series, info));
  return { info, train: [], test: heldOut(all, source.path), all };
}
