/** What an experiment gives: tables beside the paper's numbers, figures, notes. */
import type { Animation, Figure } from '@node-ode/viz';

/** Mean and standard deviation over runs. */
export interface Spread {
  readonly mean: number;
  /** With n − 1 in the denominator; undefined for a single run. */
  readonly std?: number;
  readonly values: readonly number[];
}

/** What stands in a table; `null` where there is nothing. */
export type Cell = string | number | Spread | null;

/** A column of a table. */
export interface Column {
  readonly name: string;
  /** Digits behind the point; by default four significant ones. */
  readonly digits?: number;
}

/** A table. */
export interface Table {
  readonly title?: string;
  readonly columns: readonly (string | Column)[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A figure that is written as `name.svg` and `name.png`; in time as `name.gif` too. */
export interface NamedFigure {
  readonly name: string;
  readonly figure: Figure;
  /** The same in time. */
  readonly animation?: Animation;
  /** What it shows, in a sentence. */
  readonly caption: string;
}

/** Everything that an experiment found. */
export interface Results {
  readonly tables: readonly Table[];
  readonly figures?: readonly NamedFigure[];
  /** What a reader has to know: data that was missing, where numbers miss the paper's. */
  readonly notes?: readonly string[];
  /** Further numbers for `results.json`. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * Mean and standard deviation of one number over runs.
 *
 * @example
 * const row = ['ANODE', spread([0.981, 0.983, 0.982])]; // 0.982 ± 0.001
 */
export function spread(values: readonly number[]): Spread {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  if (n < 2) return { mean, values };
  return { mean, std: Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (n - 1)), values };
}
