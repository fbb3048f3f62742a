/** Features of rows as a model takes them. */
import { FormatError } from '@node-ode/core';
import { numberOf, type Row } from '../rows/read.ts';
import { scaled } from './arrays.ts';
import type { DensityInfo, TableInfo } from './problem.ts';

/**
 * Features of rows in the model's units, row-major. A missing one is its mean, 0 there, where the model was trained so.
 *
 * @throws FormatError naming the line, for a column that is not there, a field that is no number, and one that is missing.
 */
export function featuresOf(rows: readonly Row[], source: string, info: TableInfo | DensityInfo): Float64Array {
  const fillsMissing = info.task !== 'density' && info.fillsMissing;
  const values = rows.flatMap((row) =>
    info.features.map((column) => {
      const value = numberOf(row, column, source, info.missingValues);
      if (!Number.isNaN(value) || fillsMissing) return value;
      throw new FormatError('rows', `${source}, line ${row.line}: “${column}” is missing`, {
        expected: 'a number',
        advice: 'A model that was trained with data.missing: mean takes rows with missing features.',
      });
    }),
  );
  return scaled(values, info.scale).map((value) => (Number.isNaN(value) ? 0 : value));
}
