/** Numbers and tables as Markdown. */

/** A cell: text, or a number with two digits. */
export type Cell = string | number;

/** An error or a time: two significant digits. */
export const short = (x: number): string => {
  if (x === 0) return '0';
  return Math.abs(x) >= 0.01 && Math.abs(x) < 1e5 ? String(Number(x.toPrecision(2))) : x.toExponential(1);
};

const cell = (x: Cell): string => (typeof x === 'string' ? x : Number.isInteger(x) ? String(x) : short(x));

/** A table; columns are aligned to the right, but for the first and those in `left`. */
export function table(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  left: readonly string[] = [],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line(head.map((name, i) => (i === 0 || left.includes(name) ? '---' : '---:'))),
    ...rows.map((row) => line(row.map(cell))),
  ].join('\n');
}

/** A section: a heading, what was measured, and the tables. */
export const section = (title: string, ...parts: readonly string[]): string => [`## ${title}`, ...parts].join('\n\n');
