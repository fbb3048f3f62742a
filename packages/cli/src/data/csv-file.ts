/** A CSV file whose columns of text are found out. */
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { FormatError } from '@node-ode/core';
import { parseCsv, type CsvTable } from '@node-ode/datasets';
import { parse } from 'csv-parse/sync';
import { FileError, systemReason } from '../errors.ts';

/** Longer texts are no strings. */
const maxBytes = 2 ** 28;

/** Which columns are known to be numbers, or text; the others are text if a field of theirs is no number. */
export interface ColumnTypes {
  readonly numbers: readonly string[];
  readonly text: readonly string[];
  readonly delimiter: string | undefined;
}

const isNumeric = (field: string): boolean => {
  const word = field.trim();
  return word === '' || word === 'NA' || word === 'NaN' || /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(word);
};

/**
 * Reads a table, gzip or not.
 *
 * @throws FileError if it can't be read; FormatError naming line and column of what is wrong in it.
 */
export async function readTable(path: string, { numbers, text, delimiter = ',' }: ColumnTypes): Promise<CsvTable> {
  const csv = await readText(path);
  const options = { source: path, delimiter };
  const names = headerOf(csv, path, delimiter);
  const whole = parseCsv(csv, { ...options, text: names });
  const words = whole.names.filter(
    (name) => text.includes(name) || (!numbers.includes(name) && whole.text[name]?.every(isNumeric) !== true),
  );
  return parseCsv(csv, { ...options, text: words });
}

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
