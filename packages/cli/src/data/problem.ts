/** What is learned: data in the model's units, and what later commands have to know of it. */
import type { HostArray } from '@node-ode/core';

/** Means and deviations by which columns were standardised. */
export interface Scale {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** How data are read, as the model's file keeps it. */
interface ReadInfo {
  /** What stands for a missing number, beside nothing, `NA` and `NaN`. */
  readonly missingValues?: readonly string[];
}

/** A classification or a regression, as the model's file keeps it. */
export interface TableInfo extends ReadInfo {
  readonly task: 'classification' | 'regression';
  /** Columns of `x`. */
  readonly features: readonly string[];
  readonly target: string;
  readonly scale: Scale;
  /** What labels stand for; empty for a regression. */
  readonly classes: readonly string[];
  /** Columns of `y`, and their scale; empty for a classification. */
  readonly targets: readonly string[];
  readonly targetScale: Scale;
  /** Whether a missing feature is its mean. */
  readonly fillsMissing: boolean;
}

/** Series, as the model's file keeps it. */
export interface SeriesInfo extends ReadInfo {
  readonly task: 'forecast';
  readonly values: readonly string[];
  readonly time: string;
  readonly series: string | undefined;
  readonly transform: 'none' | 'log';
  readonly scale: Scale;
  /** Time of one unit of the model's. */
  readonly timeUnit: number;
}

/** A density, as the model's file keeps it. */
export interface DensityInfo extends ReadInfo {
  readonly task: 'density';
  readonly features: readonly string[];
  readonly scale: Scale;
}

/** What later commands have to know. */
export type ProblemInfo = TableInfo | SeriesInfo | DensityInfo;

/** Rows, and what is learned from them. */
export interface TableSample {
  /** [samples, features] */
  readonly x: HostArray;
  /** Of a classification: i32, [samples]. */
  readonly label?: HostArray;
  /** Of a regression: [samples, targets]. */
  readonly y?: HostArray;
}

/** A series in the model's units: row-major values, NaN where nothing is observed. */
export interface HostSeries {
  readonly id: string;
  readonly t: readonly number[];
  readonly y: Float64Array;
}

/** What a forecast is given, and what it is held to. */
export interface ForecastCase {
  readonly history: HostSeries;
  readonly future: HostSeries;
}

/** What is known of data beside themselves. */
interface ReadProblem {
  /** Columns of the file that nothing is learned from, as they hold text. */
  readonly leftOut?: readonly string[];
}

/** A table's data. */
export interface TableProblem extends ReadProblem {
  readonly info: TableInfo;
  readonly splits: Readonly<Record<string, TableSample>>;
}

/** The data of series. */
export interface SeriesProblem extends ReadProblem {
  readonly info: SeriesInfo;
  /** To fit. */
  readonly train: readonly HostSeries[];
  /** Held out. */
  readonly test: readonly ForecastCase[];
  /** Everything that is known: what a forecast goes on from. */
  readonly all: readonly HostSeries[];
}

/** The data of a density. */
export interface DensityProblem extends ReadProblem {
  readonly info: DensityInfo;
  readonly splits: Readonly<Record<string, { readonly x: HostArray }>>;
}

/** Any of them. */
export type Problem = TableProblem | SeriesProblem | DensityProblem;

/** Whether a problem is one of series. */
export const isSeriesProblem = (problem: Problem): problem is SeriesProblem => problem.info.task === 'forecast';

/** Whether a problem is one of tables. */
export const isTableProblem = (problem: Problem): problem is TableProblem =>
  problem.info.task === 'classification' || problem.info.task === 'regression';

/** The scale that changes nothing. */
export const identityScale = (columns: number): Scale => ({
  mean: new Array<number>(columns).fill(0),
  std: new Array<number>(columns).fill(1),
});
