/** Wisconsin breast cancer (diagnostic): measures of cell nuclei in 569 images of fine-needle aspirates. */
import { requireKnownOptions, type FloatDType } from '@node-ode/core';
import { parseCsv, type CsvTable } from '../csv/parse.ts';
import { tableClassification, type ClassificationDataset } from '../table/tabular.ts';
import { breastCancerCsv } from './rows.ts';

/** How the rows are divided and given. */
export interface BreastCancerOptions {
  /** Share of the rows that is tested on; 0.2 by default. */
  readonly test?: number;
  /** Of the split; 0 by default. */
  readonly seed?: number;
  /** Standardises the features, by the split `train`; true by default. */
  readonly standardize?: boolean;
  /** `f32` by default. */
  readonly dtype?: FloatDType;
}

/** What the labels 0 and 1 stand for. */
export const breastCancerClasses = ['malignant', 'benign'] as const;

/**
 * The rows as they are: 30 features, then `target`, 0 for the 212 malignant and 1 for the 357 benign tumours.
 *
 * @example
 * breastCancerTable().length; // 569
 */
export const breastCancerTable = (): CsvTable => parseCsv(breastCancerCsv, { source: 'breast-cancer' });

/**
 * The diagnosis from 30 features: mean, standard error and worst of ten measures. Source and licence:
 * data/breast-cancer/SOURCE.md in this package.
 *
 * @throws OptionError if a split would be empty.
 * @example
 * const { x, label } = breastCancer({ seed: 1 }).all('train'); // shapes [455, 30] and [455]
 */
export function breastCancer(options: BreastCancerOptions = {}): ClassificationDataset {
  requireKnownOptions('breastCancer', options, { test: true, seed: true, standardize: true, dtype: true });
  return breastCancerFrom(breastCancerTable(), options);
}

/** The data set of a table with the columns of `breastCancerTable`. */
export function breastCancerFrom(table: CsvTable, options: BreastCancerOptions): ClassificationDataset {
  const set = tableClassification(table, { ...options, name: 'breast-cancer', target: 'target' });
  return { ...set, classes: breastCancerClasses };
}
