/** Tables: from a file, or from a data set whose samples are rows. */
import { array, isHostArray, type Dataset, type FloatDType, type HostArray } from '@node-ode/core';
import {
  columns,
  MissingValueError,
  tableClassification,
  tableRegression,
  trainTestSplit,
  type CsvTable,
} from '@node-ode/datasets';
import type { DataConfig } from '../config/config.ts';
import { UsageError } from '../errors.ts';
import { isRecord } from '../plugins/package-info.ts';
import { columnScale, scaleOf, scaled, toDtype } from './arrays.ts';
import {
  identityScale,
  type DensityProblem,
  type Scale,
  type TableInfo,
  type TableProblem,
  type TableSample,
} from './problem.ts';

/** How samples are made, beside where they come from. */
export interface SampleOptions {
  readonly dtype: FloatDType;
  readonly seed: number;
}

/** Features by default: columns of numbers but the target. */
const featuresOf = (table: CsvTable, { features }: DataConfig, target?: string): readonly string[] =>
  features ?? otherNumbers(table, [target]);

/**
 * Columns of numbers but some.
 *
 * @throws UsageError if there is none.
 */
export function otherNumbers(
  { numbers, text, source }: CsvTable,
  but: readonly (string | undefined)[],
): readonly string[] {
  const found = Object.keys(numbers).filter((name) => !but.includes(name));
  if (found.length > 0) return found;
  const words = Object.keys(text).filter((name) => !but.includes(name));
  throw new UsageError('data', `${source} has no column of numbers to learn from`, {
    expected: 'at least one',
    ...(words.length === 0 ? {} : { advice: `Text is in ${words.join(', ')}.` }),
  });
}

/** @throws UsageError in place of what the library says of `missing`. */
function withKnownMissing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MissingValueError)) throw error;
    const { row, source, column, choices } = error;
    throw new UsageError('data', `row ${row} of ${source} has no value of “${column}”`, {
      expected: 'values in all columns that are used',
      advice: missingAdvice(choices),
      cause: error.cause,
    });
  }
}

/** What to do about rows with missing values. */
const missingAdvice = (choices: readonly string[]): string =>
  `Say what becomes of such rows: ${choices.map((one) => `--data-missing ${one}`).join(' or ')} (in a configuration data: { missing: ${choices[0] ?? ''} }).`;

/**
 * A table to learn classes or numbers from.
 *
 * @throws UsageError for a missing value that is refused; what `tableClassification` and `tableRegression` throw.
 */
export function tableFromFile(
  task: TableInfo['task'],
  table: CsvTable,
  data: DataConfig & { readonly target: string },
  { dtype, seed }: SampleOptions,
): TableProblem {
  const { target, missing = 'refuse', standardize = true, test = 0.2 } = data;
  const options = { target, features: featuresOf(table, data, target), missing, standardize, test, seed, dtype };
  const common = { task, target, fillsMissing: missing === 'mean' && standardize } as const;
  if (task === 'classification') {
    const set = withKnownMissing(() => tableClassification(table, options));
    const { features, scale, classes } = set;
    return {
      info: {
        ...common,
        features,
        scale: scaleOf(scale),
        classes,
        targets: [],
        targetScale: identityScale(0),
      },
      splits: { train: set.all('train'), test: set.all('test') },
    };
  }
  const set = withKnownMissing(() => tableRegression(table, { ...options, standardizeTarget: standardize }));
  return {
    info: {
      ...common,
      features: set.features,
      scale: scaleOf(set.scale),
      classes: [],
      targets: [target],
      targetScale: scaleOf(set.targetScale),
    },
    splits: { train: set.all('train'), test: set.all('test') },
  };
}

/** Points of a file whose density is learned; rows with missing values are refused or dropped. */
export function densityFromFile(table: CsvTable, data: DataConfig, { dtype, seed }: SampleOptions): DensityProblem {
  const { missing = 'refuse', standardize = true, test = 0.2 } = data;
  const features = featuresOf(table, data);
  const whole = columns(table, features, { dtype: 'f64' });
  const width = features.length;
  const rows = Array.from({ length: table.length }, (_, i) =>
    Array.from(whole.data.subarray(i * width, (i + 1) * width)),
  );
  const kept = rows.filter((row, i) => {
    if (!row.some(Number.isNaN)) return true;
    if (missing === 'drop') return false;
    throw new UsageError('data', `row ${i + 1} of ${table.source} has a missing value`, {
      expected: 'values in all features',
      advice: `${missingAdvice(['drop'])} A density has no mean for them.`,
    });
  });
  const x = array(kept.flat(), { dtype: 'f64', shape: [kept.length, width] });
  const parts = trainTestSplit({ x }, { test, seed });
  return densityOf(features, { train: parts.train.x, test: parts.test.x }, standardize, dtype);
}

/** Points of splits. */
function densityOf(
  features: readonly string[],
  splits: Readonly<Record<string, HostArray>>,
  standardize: boolean,
  dtype: FloatDType,
): DensityProblem {
  const train = splits['train'];
  const scale: Scale =
    standardize && train !== undefined
      ? columnScale(Float64Array.from(train.data), features.length)
      : identityScale(features.length);
  const scaledSplits = Object.entries(splits).map(
    ([name, { data, shape }]) => [name, { x: array(scaled(data, scale), { dtype, shape }) }] as const,
  );
  return { info: { task: 'density', features, scale }, splits: Object.fromEntries(scaledSplits) };
}

/** Rows of a data set's split. */
export function rowsOf(set: Dataset<unknown>, split: string): TableSample | undefined {
  const sample = set.all(split);
  if (!isRecord(sample)) return undefined;
  const { x, label, y } = sample;
  if (!isHostArray(x) || x.shape.length !== 2) return undefined;
  return { x, ...(isHostArray(label) ? { label } : {}), ...(isHostArray(y) && y.shape.length === 2 ? { y } : {}) };
}

/** x1, x2, … */
const numbered = (letter: string, count: number): readonly string[] =>
  count === 1 ? [letter] : Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);

/** What data sets of tables tell of themselves, where they do. */
function tableFacts(
  set: Dataset<unknown>,
  features: number,
  outputs: number,
): Omit<TableInfo, 'task' | 'fillsMissing'> {
  const texts = (value: unknown): readonly string[] | undefined =>
    Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;
  const scale = (value: unknown): Scale | undefined =>
    isRecord(value) && isHostArray(value['mean']) && isHostArray(value['std'])
      ? scaleOf({ mean: value['mean'], std: value['std'] })
      : undefined;
  const target: unknown = Reflect.get(set, 'target');
  const name = typeof target === 'string' ? target : 'y';
  return {
    features: texts(Reflect.get(set, 'features')) ?? numbered('x', features),
    target: name,
    scale: scale(Reflect.get(set, 'scale')) ?? identityScale(features),
    classes: texts(Reflect.get(set, 'classes')) ?? Array.from({ length: outputs }, (_, i) => String(i)),
    targets: outputs === 1 ? [name] : numbered(name, outputs),
    targetScale: scale(Reflect.get(set, 'targetScale')) ?? identityScale(outputs),
  };
}

/** A data set of rows to learn classes or numbers from; undefined if its samples are something else. */
export function tableFromSet(
  task: TableInfo['task'],
  set: Dataset<unknown>,
  dtype: FloatDType,
): TableProblem | undefined {
  const key = task === 'classification' ? 'label' : 'y';
  const splits = set.splits.map((name) => [name, rowsOf(set, name)] as const);
  const first = splits[0]?.[1];
  const learned = first?.[key];
  if (first === undefined || learned === undefined) return undefined;
  const labels = splits.flatMap(([, sample]) => Array.from(sample?.label?.data ?? [], Number));
  const outputs =
    task === 'classification' ? 1 + labels.reduce((most, one) => Math.max(most, one), 1) : learned.shape[1]!;
  const facts = tableFacts(set, first.x.shape[1] ?? 0, outputs);
  const converted = splits.flatMap(([name, sample]) => {
    if (sample === undefined) return [];
    const { x, label, y } = sample;
    const part = task === 'classification' ? { label } : { y: y === undefined ? undefined : toDtype(y, dtype) };
    return [[name, { x: toDtype(x, dtype), ...defined(part) }] as const];
  });
  return {
    info: {
      task,
      ...facts,
      ...(task === 'classification' ? { targets: [], targetScale: identityScale(0) } : { classes: [] }),
      fillsMissing: false,
    },
    splits: Object.fromEntries(converted),
  };
}

const defined = (part: { readonly label?: HostArray | undefined; readonly y?: HostArray | undefined }): object =>
  Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined));

/** A data set of points whose density is learned. */
export function densityFromSet(set: Dataset<unknown>, data: DataConfig, dtype: FloatDType): DensityProblem | undefined {
  const splits = set.splits.flatMap((name) => {
    const sample = rowsOf(set, name);
    return sample === undefined ? [] : [[name, sample.x] as const];
  });
  const width = splits[0]?.[1].shape[1];
  if (width === undefined) return undefined;
  return densityOf(numbered('x', width), Object.fromEntries(splits), data.standardize ?? true, dtype);
}
