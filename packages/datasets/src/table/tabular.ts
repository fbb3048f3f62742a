/** Data sets of tables: features to learn a number or a class from. */
import { array, OptionError, type Dataset, type FloatDType, type HostArray } from '@node-ode/core';
import { columns } from '../csv/columns.ts';
import type { CsvTable } from '../csv/parse.ts';
import { inMemory } from '../memory/in-memory.ts';
import { takeSample } from '../memory/rows.ts';
import { trainTestSplit } from '../prepare/split.ts';
import { standardize, standardizer, type Standardizer } from '../prepare/standardize.ts';
import { MissingValueError } from './missing-value-error.ts';

/** Features, and the number to learn. */
export interface RegressionSample {
  /** Shape [samples, features]. */
  readonly x: HostArray;
  /** Shape [samples, 1]. */
  readonly y: HostArray;
}

/** Features, and the class to learn. */
export interface ClassificationSample {
  /** Shape [samples, features]. */
  readonly x: HostArray;
  /** Indices of `classes`, i32, shape [samples]. */
  readonly label: HostArray;
}

/** How a table becomes splits `train` and `test`. */
export interface TabularOptions {
  /** Of the data set, in errors; the table's source by default. */
  readonly name?: string;
  /** Column that is learnt. */
  readonly target: string;
  /** Columns of numbers to learn it from; by default all but the target. */
  readonly features?: readonly string[];
  /**
   * Rows with missing features: `refuse`, the default, throws; `drop` leaves them out; `mean` puts the mean of the split
   * `train` in their place. A missing target is refused or, with `drop`, left out.
   */
  readonly missing?: 'refuse' | 'drop' | 'mean';
  /** Standardises the features, by the split `train`; true by default. */
  readonly standardize?: boolean;
  /** Share of the rows that is tested on; 0.2 by default. */
  readonly test?: number;
  /** Of the split; 0 by default. */
  readonly seed?: number;
  /** `f32` by default. */
  readonly dtype?: FloatDType;
}

/** How a table becomes a regression. */
export interface RegressionOptions extends TabularOptions {
  /** Standardises the target, by the split `train`; false by default, so that errors are in its own units. */
  readonly standardizeTarget?: boolean;
}

/** A data set that knows what its features were. */
export interface TabularDataset<Sample> extends Dataset<Sample> {
  readonly features: readonly string[];
  /** From features as the table has them to those of the samples: fitted on `train`; the identity if not asked for. */
  readonly scale: Standardizer;
}

/** A table to learn a number from. */
export interface RegressionDataset extends TabularDataset<RegressionSample> {
  readonly target: string;
  /** From the target's own units to those of the samples. */
  readonly targetScale: Standardizer;
}

/** A table to learn a class from. */
export interface ClassificationDataset extends TabularDataset<ClassificationSample> {
  readonly target: string;
  /** What the labels 0, 1, … stand for. */
  readonly classes: readonly string[];
}

/**
 * A table to learn a number from, split by a seed.
 *
 * @throws OptionError if there is no such column of numbers, a value is missing that may not be, a feature has no values in
 * `train`, or a split would be empty.
 * @example
 * const table = parseCsv('x,y\n1,2\n2,4\n3,6\n4,8\n');
 * const data = tableRegression(table, { target: 'y', test: 0.25 });
 * data.all('train').x.shape; // [3, 1]
 */
export function tableRegression(table: CsvTable, options: RegressionOptions): RegressionDataset {
  const { dtype = 'f32', target, standardizeTarget = false } = options;
  const { name, features, x } = featuresOf(table, options);
  const y = columns(table, [target], { dtype: 'f64' });
  const kept = completeRows(
    name,
    { table, x, features, target, isMissing: (row) => Number.isNaN(y.data[row]) },
    options,
  );
  const parts = trainTestSplit(takeSample({ x, y }, kept), options);
  const scale = scaleOf(name, parts.train.x, features, options.standardize ?? true);
  const targetScale = standardizeTarget ? standardize(parts.train.y) : identity(1);
  const prepare = (part: typeof parts.train): RegressionSample => ({
    x: toDtype(imputed(parts.train.x, part.x, scale), dtype),
    y: toDtype(targetScale.apply(part.y), dtype),
  });
  const data = inMemory(name, { train: prepare(parts.train), test: prepare(parts.test) });
  return { ...data, features, target, scale, targetScale };
}

/**
 * A table to learn a class from, split by a seed. The classes are the target's different values, numbers in increasing order,
 * words in that of their code points.
 *
 * @throws OptionError if there is no such column, a value is missing that may not be, a feature has no values in `train`, or a
 * split would be empty.
 * @example
 * const table = parseCsv('x,kind\n1,b\n2,a\n3,b\n4,a\n', { text: ['kind'] });
 * const data = tableClassification(table, { target: 'kind', test: 0.25 });
 * data.classes; // ['a', 'b']
 */
export function tableClassification(table: CsvTable, options: TabularOptions): ClassificationDataset {
  const { dtype = 'f32', target } = options;
  const { name, features, x } = featuresOf(table, options);
  const words = targetWords(table, target);
  const kept = completeRows(name, { table, x, features, target, isMissing: (row) => words[row] === '' }, options);
  const classes = sortedClasses(Array.from(kept, (row) => words[row] ?? ''));
  const index = new Map(classes.map((word, i) => [word, i]));
  const label = array(
    words.map((word) => index.get(word) ?? -1),
    { dtype: 'i32' },
  );
  const parts = trainTestSplit(takeSample({ x, label }, kept), options);
  const scale = scaleOf(name, parts.train.x, features, options.standardize ?? true);
  const prepare = (part: typeof parts.train): ClassificationSample => ({
    x: toDtype(imputed(parts.train.x, part.x, scale), dtype),
    label: part.label,
  });
  const data = inMemory(name, { train: prepare(parts.train), test: prepare(parts.test) });
  return { ...data, features, target, classes, scale };
}

function featuresOf(
  table: CsvTable,
  options: TabularOptions,
): { name: string; features: readonly string[]; x: HostArray } {
  const { name = table.source, target } = options;
  const features = options.features ?? Object.keys(table.numbers).filter((column) => column !== target);
  if (features.length === 0 || features.includes(target)) {
    throw new OptionError(name, `features ${features.join(', ') || '(none)'} for the target “${target}”`, {
      expected: 'at least one column of numbers, and not the target',
    });
  }
  return { name, features, x: columns(table, features, { dtype: 'f64' }) };
}

const targetWords = (table: CsvTable, target: string): readonly string[] => {
  const words = Object.hasOwn(table.text, target) ? table.text[target] : undefined;
  if (words !== undefined) return words;
  return Array.from(columns(table, [target], { dtype: 'f64' }).data, (value) =>
    Number.isNaN(value) ? '' : String(value),
  );
};

function sortedClasses(words: readonly string[]): string[] {
  const different = [...new Set(words)].sort();
  return different.every((word) => word.trim() !== '' && Number.isFinite(Number(word)))
    ? different.sort((a, b) => Number(a) - Number(b))
    : different;
}

interface Rows {
  readonly table: CsvTable;
  readonly x: HostArray;
  readonly features: readonly string[];
  readonly target: string;
  /** Whether a row's target is missing. */
  readonly isMissing: (row: number) => boolean;
}

/** The rows that are kept. */
function completeRows(
  name: string,
  { table, x, features, target, isMissing }: Rows,
  options: TabularOptions,
): Int32Array {
  const { missing = 'refuse' } = options;
  const kept: number[] = [];
  for (let row = 0; row < table.length; row++) {
    const values = x.data.subarray(row * features.length, (row + 1) * features.length);
    const gap = isMissing(row) ? target : missing === 'mean' ? undefined : features[values.findIndex(Number.isNaN)];
    if (gap === undefined) kept.push(row);
    else if (missing !== 'drop') {
      const choices = gap === target ? ['drop'] : ['drop', 'mean'];
      throw new MissingValueError(name, { source: table.source, row: row + 1, column: gap, choices });
    }
  }
  return Int32Array.from(kept);
}

const identity = (features: number): Standardizer =>
  standardizer({
    mean: array(new Float64Array(features), { dtype: 'f64' }),
    std: array(new Float64Array(features).fill(1), { dtype: 'f64' }),
  });

const scaleOf = (name: string, x: HostArray, features: readonly string[], isAsked: boolean): Standardizer => {
  if (!isAsked) return identity(features.length);
  const empty = features.find((_, i) => x.data.every((value, k) => k % features.length !== i || Number.isNaN(value)));
  if (empty === undefined) return standardize(x);
  throw new OptionError(name, `the feature “${empty}” has no value in the split train`, {
    expected: 'at least one',
    advice: 'Leave the feature out.',
  });
};

/** Scaled features; what is missing is the mean of `train`. */
function imputed(train: HostArray, x: HostArray, scale: Standardizer): HostArray {
  const scaled = scale.apply(x);
  if (!x.data.some(Number.isNaN)) return scaled;
  const { mean } = standardize(scale.apply(train));
  const features = mean.data.length;
  scaled.data.forEach((value, i) => {
    if (Number.isNaN(value)) scaled.data[i] = mean.data[i % features] ?? NaN;
  });
  return scaled;
}

const toDtype = (x: HostArray, dtype: FloatDType): HostArray => array(x.data, { dtype, shape: x.shape });
