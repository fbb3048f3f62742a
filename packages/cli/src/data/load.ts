/** The data of a configuration. */
import type { Dataset, Task } from '@node-ode/core';
import type { CsvTable } from '@node-ode/datasets';
import type { Config, DataConfig } from '../config/config.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { makePlugin, nameOf } from '../plugins/make.ts';
import { readTable } from './csv-file.ts';
import { isSeriesProblem, isTableProblem, type Problem } from './problem.ts';
import { seriesFromFile, seriesFromSet } from './series.ts';
import { densityFromFile, densityFromSet, rowsOf, tableFromFile, tableFromSet, type SampleOptions } from './table.ts';

/**
 * Reads or makes the data that a configuration names, and says what is learned from it.
 *
 * @throws UsageError if the data do not suit the task; FormatError for a file that is wrong; PluginError for a data set that is not there.
 * @example
 * const { info } = await loadProblem({ data: { set: 'two-moons' }, model: 'cnf', task: 'density' }, io);
 */
export async function loadProblem(config: Config, io: Io): Promise<Problem> {
  const { data } = config;
  return data.set === undefined ? fromFile(config, data.file ?? '') : fromSet(config, data.set, io);
}

async function fromFile({ task: given, data, dtype = 'f32', seed = 0 }: Config, file: string): Promise<Problem> {
  const { features, values, exclude = [], missingValues, time, target, series } = data;
  const task = given ?? (time === undefined ? undefined : 'forecast');
  if (task === undefined) {
    throw new UsageError('data', 'a file does not say what is learned from it', {
      expected: 'task: classification, regression, forecast or density',
      advice: 'Name it in the configuration, or with --task.',
    });
  }
  const learned = task === 'forecast' ? values : features;
  const table = await readTable(file, {
    numbers: [
      ...(learned ?? []),
      ...(task === 'forecast' && time !== undefined ? [time] : []),
      ...(task === 'regression' && target !== undefined ? [target] : []),
    ],
    text: [
      ...(series === undefined ? [] : [series]),
      ...(task === 'classification' && target !== undefined ? [target] : []),
    ],
    exclude,
    usesOthers: learned === undefined,
    missingValues: missingValues ?? [],
    delimiter: data.delimiter,
  });
  const problem = problemOf(task, table, data, { dtype, seed });
  const words = Object.keys(table.text).filter((name) => ![...exclude, series, target].includes(name));
  return {
    ...withMissingValues(problem, missingValues),
    ...(learned === undefined && words.length > 0 ? { leftOut: words } : {}),
  };
}

function problemOf(task: Task, table: CsvTable, data: DataConfig, options: SampleOptions): Problem {
  if (task === 'density') return densityFromFile(table, data, options);
  if (task === 'forecast')
    return seriesFromFile(table, { ...data, time: required('time', data.time, table) }, options.seed);
  return tableFromFile(task, table, { ...data, target: required('target', data.target, table) }, options);
}

/** The problem whose model reads other rows as its own were read. */
function withMissingValues(problem: Problem, missingValues: readonly string[] | undefined): Problem {
  if (missingValues === undefined) return problem;
  if (isSeriesProblem(problem)) return { ...problem, info: { ...problem.info, missingValues } };
  if (isTableProblem(problem)) return { ...problem, info: { ...problem.info, missingValues } };
  return { ...problem, info: { ...problem.info, missingValues } };
}

function required(name: string, column: string | undefined, { names, source }: CsvTable): string {
  if (column !== undefined && names.includes(column)) return column;
  throw new UsageError('data', column === undefined ? `data has no ${name}` : `${source} has no column “${column}”`, {
    expected: `the ${name}, one of ${names.join(', ')}`,
  });
}

async function fromSet(
  { task, data, dtype = 'f32' }: Config,
  spec: NonNullable<Config['data']['set']>,
  io: Io,
): Promise<Problem> {
  const { value: set } = await makePlugin('dataset', spec, io, { path: 'data.set' });
  const kind = task ?? taskOf(set);
  const problem =
    kind === 'forecast'
      ? seriesFromSet(set, data)
      : kind === 'density'
        ? densityFromSet(set, data, dtype)
        : kind === undefined
          ? undefined
          : tableFromSet(kind, set, dtype);
  if (problem !== undefined) return problem;
  throw new UsageError('data', `the samples of the data set ${nameOf(spec)} are not for ${kind ?? 'any task'}`, {
    expected: '{ x, label } for classification, { x, y } for regression, { t, y } for forecast, { x } for density',
  });
}

/** What the samples are made for. */
function taskOf(set: Dataset<unknown>): Task | undefined {
  const [split = 'train'] = set.splits;
  const rows = rowsOf(set, split);
  if (rows === undefined) return 'forecast';
  return rows.label !== undefined ? 'classification' : rows.y !== undefined ? 'regression' : 'density';
}
