/** CSV to columns of numbers, with what is missing. */
import { FormatError, OptionError } from '@node-ode/core';
import Papa from 'papaparse';
import { CellError, type Cell } from './cell-error.ts';
import { lineOf } from './position.ts';

/** How a text is read. */
export interface CsvOptions {
  /** Named in errors; `CSV` by default. */
  readonly source?: string;
  /** Columns that hold text, such as labels; the others hold numbers. */
  readonly text?: readonly string[];
  /** What stands for a missing number; nothing, `NA` and `NaN` by default. */
  readonly missing?: readonly string[];
  /** Between fields: `,` by default. */
  readonly delimiter?: string;
  /** The columns' names, for a text without a header. */
  readonly names?: readonly string[];
  /** Lines that start with it are skipped; by default there are no such lines. */
  readonly comment?: string;
}

/** Columns by name. */
export interface CsvTable {
  readonly source: string;
  /** In the order of the header. */
  readonly names: readonly string[];
  /** Number of rows without the header. */
  readonly length: number;
  /** Columns of numbers; NaN where a value is missing. */
  readonly numbers: Readonly<Record<string, Float64Array>>;
  /** Beside each column of numbers: 1 where there is a value, 0 where it is missing. */
  readonly masks: Readonly<Record<string, Uint8Array>>;
  /** Columns of text. */
  readonly text: Readonly<Record<string, readonly string[]>>;
}

/** A row that is not empty. */
export interface CsvRow {
  readonly fields: readonly string[];
  /** Of its first character. */
  readonly line: number;
}

/**
 * Parses CSV (RFC 4180: quoted fields, doubled quotes, line ends in quotes, LF or CRLF) with a header, or with `names`. Fields
 * of numbers may have spaces around them; empty lines are skipped.
 *
 * @throws FormatError naming source, line and column: no header, a name used twice, too few or too many fields, a quote
 * that is not closed; CellError for a field that is no number or too large for one.
 * @example
 * const { numbers, masks } = parseCsv('t,y\n0,1\n1,NA\n');
 * numbers.y; // Float64Array [1, NaN]
 * masks.y; // Uint8Array [1, 0]
 */
export function parseCsv(csv: string, options: CsvOptions = {}): CsvTable {
  const rows = readRows(csv.replace(/^\ufeff/, ''), options);
  const names = checkHeader(options.names === undefined ? rows[0] : { fields: options.names, line: 0 }, options);
  return tableOf(options.names === undefined ? rows.slice(1) : rows, names, options);
}

/** Columns of rows under a header that was checked. */
export function tableOf(rows: readonly CsvRow[], names: readonly string[], options: CsvOptions): CsvTable {
  const { source = 'CSV', text = [], missing = ['', 'NA', 'NaN'], delimiter = ',' } = options;
  for (const { fields, line } of rows) {
    if (fields.length !== names.length) {
      throw new FormatError('parseCsv', `${source}, line ${line}: ${fields.length} fields`, {
        expected: `${names.length}: ${names.join(', ')}`,
        advice: `Quote fields that hold “${delimiter}”.`,
      });
    }
  }
  const isText = (name: string): boolean => text.includes(name);
  const columns = names.map((name, i) => [name, i] as const);
  const numbers = columns
    .filter(([name]) => !isText(name))
    .map(([name, i]) => {
      const at = { source, column: name, position: i + 1 };
      return [
        name,
        Float64Array.from(rows, ({ fields, line }) => toNumber({ ...at, line, field: fields[i] ?? '' }, missing)),
      ] as const;
    });
  return {
    source,
    names,
    length: rows.length,
    numbers: Object.fromEntries(numbers),
    masks: Object.fromEntries(
      numbers.map(([name, values]) => [name, Uint8Array.from(values, (x) => (Number.isNaN(x) ? 0 : 1))]),
    ),
    text: Object.fromEntries(
      columns.filter(([name]) => isText(name)).map(([name, i]) => [name, rows.map(({ fields }) => fields[i] ?? '')]),
    ),
  };
}

/** What a file may begin with; papaparse takes one away from whatever text it is given. */
const byteOrderMark = '\ufeff';

/** Rows that are not empty, with their lines; the text's first line is `firstLine` of the source. */
export function readRows(csv: string, options: CsvOptions, firstLine = 1): CsvRow[] {
  const { source = 'CSV', delimiter = ',', comment = '' } = options;
  checkDelimiter(delimiter, comment);
  const rows: CsvRow[] = [];
  // lines are counted from the row before, so that a long file is not read once for each of its rows
  let [start, line] = [0, firstLine];
  Papa.parse<string[]>(csv.startsWith(byteOrderMark) ? byteOrderMark + csv : csv, {
    delimiter,
    comments: comment === '' ? false : comment,
    step: ({ data, errors, meta }) => {
      const [error] = errors;
      if (error !== undefined) {
        const where = line - 1 + lineOf(csv.slice(start), (error.index ?? start) - start);
        throw new FormatError('parseCsv', `${source}, line ${where}, column ${data.length}: ${error.message}`, {
          expected: 'a quoted field to end in a quote, and quotes within it to be doubled',
          cause: error,
        });
      }
      if (data.length > 1 || data[0] !== '') rows.push({ fields: data, line });
      line += lineOf(csv.slice(start, meta.cursor), meta.cursor - start) - 1;
      start = meta.cursor;
    },
  });
  return rows;
}

/** @throws OptionError for delimiters that papaparse would replace by one of its own. */
function checkDelimiter(delimiter: string, comment: string): void {
  if (delimiter.length !== 1 || Papa.BAD_DELIMITERS.includes(delimiter) || comment === delimiter) {
    throw new OptionError('parseCsv', `delimiter “${delimiter}”, comment “${comment}”`, {
      expected: 'a single character that is no quote, line end or byte order mark, and another comment',
    });
  }
}

/** The names of a header, trimmed. */
export function checkHeader(header: CsvRow | undefined, options: CsvOptions): string[] {
  const { source = 'CSV', text = [] } = options;
  if (header === undefined) {
    throw new FormatError('parseCsv', `${source} is empty`, { expected: 'a header that names the columns' });
  }
  const names = header.fields.map((name) => name.trim());
  const seen = new Set(['']);
  const repeated = names.findIndex((name) => seen.size === seen.add(name).size);
  if (repeated !== -1) {
    throw new FormatError(
      'parseCsv',
      `${source}, line ${header.line}, column ${repeated + 1}: the name “${names[repeated] ?? ''}”`,
      { expected: 'a header whose names are not empty and all different' },
    );
  }
  const unknown = text.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new FormatError('parseCsv', `${source} has no column “${unknown}”`, {
      expected: `one of ${names.join(', ')}`,
    });
  }
  return names;
}

const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

function toNumber(cell: Cell, missing: readonly string[]): number {
  const trimmed = cell.field.trim();
  if (missing.includes(trimmed)) return NaN;
  if (!decimal.test(trimmed)) {
    throw new CellError(cell, 'is no number', {
      expected: `a number, or ${missing.map((word) => (word === '' ? 'nothing' : word)).join(' or ')} for a missing one`,
      advice: 'Name the column in `text` if it holds words.',
    });
  }
  const value = Number(trimmed);
  if (!Number.isFinite(value)) throw new CellError(cell, 'is too large', { expected: `at most ${Number.MAX_VALUE}` });
  return value;
}
