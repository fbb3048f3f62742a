/** From columns of a table to one array. */
import { array, OptionError, type FloatDType, type HostArray } from '@node-ode/core';
import type { CsvTable } from './parse.ts';

/**
 * Columns of numbers side by side; without names, all of them in the order of the header.
 *
 * @returns shape [rows, columns]
 * @throws OptionError if there is no such column of numbers.
 * @example
 * const y = columns(parseCsv('t,a,b\n0,1,2\n'), ['b', 'a']); // [[2, 1]]
 */
export function columns(
  table: CsvTable,
  names: readonly string[] = Object.keys(table.numbers),
  options: { readonly dtype?: FloatDType } = {},
): HostArray {
  const chosen = names.map((name) => {
    const values = Object.hasOwn(table.numbers, name) ? table.numbers[name] : undefined;
    if (values === undefined) {
      throw new OptionError('columns', `${table.source} has no column of numbers “${name}”`, {
        expected: `one of ${Object.keys(table.numbers).join(', ')}`,
      });
    }
    return values;
  });
  const rows = Array.from({ length: table.length }, (_, i) => chosen.map((values) => values[i] ?? NaN));
  return array(rows.flat(), { dtype: options.dtype ?? 'f32', shape: [table.length, names.length] });
}
