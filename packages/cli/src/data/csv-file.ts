/** A CSV file whose columns of text are found out. */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { FormatError } from '@node-ode/core';
import { CellError, parseCsv, type CsvTable } from '@node-ode/datasets';
import { parse } from 'csv-parse/sync';
import { FileError, systemReason, UsageError } from '../errors.ts';
import { didYouMean } from '../names.ts';

/** Longer texts are no strings. */
const maxBytes = 2 ** 28;

/** What stands for a missing number in any file. */
const missingWords = ['', 'NA', 'NaN'];

const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** Which columns are known to be numbers, or text; the others are what most of their fields are. */
export interface ColumnTypes {
  readonly numbers: readonly string[];
  readonly text: readonly string[];
  /** Columns that nothing is learned from: they are text, whatever they hold. */
  readonly exclude: readonly string[];
  /** Whether the others are learned from: then a column of numbers may have nothing else in it. */
  readonly usesOthers: boolean;
  /** What stands for a missing number, beside nothing, `NA` and `NaN`. */
  readonly missingValues: readonly string[];
  readonly delimiter: string | undefined;
}

/**
 * Reads a table, gzip or not.
 *
 * @throws FileError if it can't be read; FormatError naming line and column of what is wrong in it; UsageError for a column that
 * is not there.
 */
export async function readTable(
  path: string,
  { numbers, text, exclude, usesOthers, missingValues, delimiter = ',' }: ColumnTypes,
): Promise<CsvTable> {
  const csv = await readText(path);
  const missing = [...missingWords, ...missingValues];
  const options = { source: path, delimiter, missing };
  const whole = parseCsv(csv, { ...options, text: headerOf(csv, path, delimiter) });
  requireColumns('exclude', exclude, whole);
  const isText = (name: string): boolean => {
    if (text.includes(name) || exclude.includes(name)) return true;
    return !numbers.includes(name) && !holdsNumbers(whole.text[name] ?? [], missing, usesOthers);
  };
  try {
    return parseCsv(csv, { ...options, text: whole.names.filter(isText) });
  } catch (error) {
    throw error instanceof CellError ? cellProblem(error, numbers.includes(error.cell.column)) : error;
  }
}

/** @throws UsageError for a column that the table does not have. */
function requireColumns(entry: string, columns: readonly string[], { names, source }: CsvTable): void {
  const absent = columns.find((column) => !names.includes(column));
  if (absent === undefined) return;
  const meant = didYouMean(absent, names);
  throw new UsageError(`data.${entry}`, `${source} has no column “${absent}”`, {
    expected: `some of ${names.join(', ')}`,
    ...(meant === undefined ? {} : { advice: meant }),
  });
}

/** Whether fields are numbers: all of them, or with `mostly` more than half. */
function holdsNumbers(fields: readonly string[], missing: readonly string[], mostly: boolean): boolean {
  const given = fields.map((field) => field.trim()).filter((field) => !missing.includes(field));
  const words = given.filter((field) => !decimal.test(field)).length;
  return words === 0 || (mostly && words < given.length / 2);
}

/** What can be done about a field that is no number. */
function cellProblem({ cell: { column, field }, problem, cause }: CellError, isNamed: boolean): FormatError {
  const word = inShell(field.trim());
  const exclude = inShell(column);
  const leaveOut = isNamed
    ? ''
    : ` A column that is not to be learned from is left out by --data-exclude ${exclude} (data: { exclude: [${exclude}] }).`;
  return new FormatError('data', problem, {
    expected: 'numbers, and nothing, NA or NaN for missing ones',
    advice: `If it stands for a missing number, say so: --data-missing-values ${word} (in a configuration data: { missingValues: [${word}] }).${leaveOut}`,
    cause,
  });
}

/** A word as a shell takes it. */
const inShell = (word: string): string => (/^[\w./-]+$/.test(word) ? word : JSON.stringify(word));

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new FileError('data', `${path} can't be read: ${systemReason(cause)}`, {
      expected: 'a CSV file',
      advice:
        'Name one that is there: with --data-file for train, with --data for evaluate, behind the model for forecast.',
      cause,
    });
  });
  if (bytes.length > maxBytes) {
    throw new FormatError('data', `${path} has ${bytes.length} bytes`, { expected: `at most ${maxBytes}` });
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes }).toString('utf8');
  } catch (cause) {
    throw new FormatError('data', `${path} is no gzip file, or too large`, {
      expected: `at most ${maxBytes} bytes`,
      cause,
    });
  }
}

function headerOf(csv: string, path: string, delimiter: string): string[] {
  try {
    const [header = []] = parse(csv, { to: 1, bom: true, delimiter, trim: true, skip_empty_lines: true });
    return [...new Set(header.map(String))].filter((name) => name !== '');
  } catch (cause) {
    throw new FormatError('data', `${path} has no header that can be read`, { expected: 'names of columns', cause });
  }
}
