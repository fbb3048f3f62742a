/** Tables of plain text. */

/** Whether a cell is aligned to the right. */
const isNumber = (cell: string): boolean => /^[-+]?[\d.]/.test(cell);

/**
 * Rows under a header; columns of numbers are aligned to the right.
 *
 * @example
 * textTable(['solver', 'NFE'], [['dopri5', '86'], ['tsit5', '80']]);
 */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, i) => Math.max(name.length, ...rows.map((row) => (row[i] ?? '').length)));
  const isRight = header.map(
    (_, i) => rows.length > 0 && rows.every((row) => isNumber(row[i] ?? '') || row[i] === '–'),
  );
  const line = (row: readonly string[]): string =>
    widths
      .map((width, i) => (isRight[i] === true ? (row[i] ?? '').padStart(width) : (row[i] ?? '').padEnd(width)))
      .join('  ')
      .trimEnd();
  return [line(header), ...rows.map(line)].join('\n');
}

/** Four digits, and an exponent only where it helps. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6) return String(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(3) : value.toPrecision(4);
}
