/** A solution as a table. */
import { UsageError } from '../errors.ts';
import { didYouMean } from '../names.ts';
import { numbersAt, type Trajectory } from './solve-system.ts';
import type { System } from './system.ts';

/** Columns of numbers. */
export interface Columns {
  /** t, the states, and what else was asked for. */
  readonly names: readonly string[];
  readonly values: readonly (readonly number[])[];
}

/** @throws UsageError for a name that the system does not have. */
export function requireNames(flag: string, system: System, names: readonly string[]): void {
  const known = ['t', ...system.states, ...system.derived.map(({ name }) => name), ...system.constants.keys()];
  for (const name of names) {
    if (known.includes(name)) continue;
    const advice = didYouMean(name, known);
    throw new UsageError('solve', `${flag}: the file has no “${name}”`, {
      expected: `one of ${known.join(', ')}`,
      ...(advice === undefined ? {} : { advice }),
    });
  }
}

/** A column for t and for each state, and for each of the names in `also`. */
export function columnsOf(system: System, { ts, ys }: Trajectory, also: readonly string[]): Columns {
  const others = ts.map((t, i) => {
    if (also.length === 0) return new Map<string, number>();
    return numbersAt(
      system,
      t,
      ys.map((values) => values[i] ?? NaN),
    );
  });
  return {
    names: ['t', ...system.states, ...also],
    values: [ts, ...ys, ...also.map((name) => others.map((values) => values.get(name) ?? NaN))],
  };
}

/** The rows as text: CSV with its header, or an object for each row. */
export function* rowsOf({ names, values }: Columns, format: 'csv' | 'jsonl', dtype: 'f32' | 'f64'): Generator<string> {
  const shown = (x: number): number => (dtype === 'f32' ? Number(x.toPrecision(9)) : x);
  if (format === 'csv') yield names.join(',');
  for (let row = 0; row < (values[0]?.length ?? 0); row++) {
    const cells = values.map((column) => shown(column[row] ?? NaN));
    yield format === 'csv'
      ? cells.join(',')
      : JSON.stringify(Object.fromEntries(names.map((name, i) => [name, cells[i]])));
  }
}
