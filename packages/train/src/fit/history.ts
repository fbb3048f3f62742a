/** What training looked like: one row a step, as columns. */

/** Columns of one length. Where a step has no value there is NaN. */
export type History = Readonly<Record<string, readonly number[]>>;

/** A history that grows. */
export interface HistoryWriter {
  /** Adds a row; values may bring new columns. */
  add(row: Readonly<Record<string, number>>): void;
  /** Adds values to the last row. */
  amend(values: Readonly<Record<string, number>>): void;
  /** All columns so far; later rows appear in them, too. */
  readonly columns: History;
}

/**
 * Goes on from an earlier history.
 *
 * @example
 * const history = historyWriter();
 * history.add({ step: 1, loss: 0.5 });
 */
export function historyWriter(earlier: History = {}): HistoryWriter {
  const columns: Record<string, number[]> = Object.fromEntries(
    Object.entries(earlier).map(([name, column]) => [name, [...column]]),
  );
  let rows = Math.max(0, ...Object.values(columns).map(({ length }) => length));
  const column = (name: string): number[] => (columns[name] ??= new Array<number>(rows).fill(NaN));
  return {
    columns,
    add: (row) => {
      rows += 1;
      for (const name of Object.keys(row)) column(name);
      for (const [name, values] of Object.entries(columns)) {
        if (values.length < rows) values.push(NaN);
        values[rows - 1] = row[name] ?? NaN;
      }
    },
    amend: (values) => {
      for (const [name, value] of Object.entries(values)) column(name)[rows - 1] = value;
    },
  };
}
