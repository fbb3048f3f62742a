/** Rows in, as a stream: CSV with a header, or JSON lines. */
import { open } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FormatError } from '@node-ode/core';
import { CsvError, parse } from 'csv-parse';
import { FileError, systemReason, UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { isRecord } from '../plugins/package-info.ts';

/** The formats of rows. */
export type RowFormat = 'csv' | 'jsonl';

/** A row as it was read: fields by column. */
export interface Row {
  readonly fields: Readonly<Record<string, unknown>>;
  /** Of the source, for errors. */
  readonly line: number;
}

/** Rows of a source. */
export interface RowSource {
  readonly source: string;
  readonly format: RowFormat;
  readonly rows: AsyncIterable<Row>;
}

/** Longest row that is accepted. */
const maxRow = 2 ** 20;

/**
 * Opens a file, or stdin for `-`. The format is that of the name: `.jsonl` and `.ndjson` are JSON lines, everything else CSV.
 *
 * @throws FileError if it can't be read; while it is read, FormatError naming the line.
 * @example
 * const { rows } = await openRows('new.csv', undefined, ',', io);
 * for await (const { fields, line } of rows) …
 */
export async function openRows(
  path: string,
  format: RowFormat | undefined,
  delimiter: string,
  io: Io,
): Promise<RowSource> {
  const source = path === '-' ? 'stdin' : path;
  const stream = path === '-' ? io.stdin : await openFile(resolve(io.cwd, path), source);
  const name = path.replace(/\.gz$/, '');
  const chosen = format ?? (['.jsonl', '.ndjson'].includes(extname(name)) ? 'jsonl' : 'csv');
  return {
    source,
    format: chosen,
    rows: chosen === 'csv' ? csvRows(stream, source, delimiter) : jsonRows(stream, source),
  };
}

async function openFile(path: string, source: string): Promise<Readable> {
  const unreadable = (cause: unknown): FileError =>
    new FileError('rows', `${source} can't be read: ${systemReason(cause)}`, {
      expected: 'a file of rows',
      cause,
    });
  const handle = await open(path).catch((cause: unknown) => Promise.reject(unreadable(cause)));
  const isFile = await handle.stat().then((found) => !found.isDirectory());
  if (!isFile) {
    await handle.close();
    throw unreadable('it is a folder');
  }
  const file = handle.createReadStream();
  if (!path.endsWith('.gz')) return file;
  const unzipped = createGunzip();
  return pipeline(file, unzipped, () => undefined);
}

async function* csvRows(stream: Readable, source: string, delimiter: string): AsyncGenerator<Row> {
  const parser = parse({
    bom: true,
    columns: (header: readonly string[]) => checkedHeader(header, source),
    delimiter,
    info: true,
    max_record_size: maxRow,
    skip_empty_lines: true,
    trim: true,
  });
  pipeline(stream, parser, () => undefined);
  try {
    for await (const read of parser) {
      const { record, info } = read as {
        readonly record: Readonly<Record<string, string>>;
        readonly info: { readonly lines: number };
      };
      yield { fields: record, line: info.lines };
    }
  } catch (cause) {
    throw cause instanceof CsvError
      ? new FormatError('rows', `${source}: ${cause.message}`, { expected: 'CSV with a header', cause })
      : cause;
  } finally {
    stream.destroy();
  }
}

function checkedHeader(header: readonly string[], source: string): string[] {
  const repeated = header.find((name, i) => name === '' || header.indexOf(name) !== i);
  if (repeated === undefined) return [...header];
  throw new FormatError('rows', `${source}: the header has the name “${repeated}”${repeated === '' ? '' : ' twice'}`, {
    expected: 'names that are not empty and all different',
  });
}

async function* jsonRows(stream: Readable, source: string): AsyncGenerator<Row> {
  let line = 0;
  const failed: { error?: Error } = {};
  stream.on('error', (error) => (failed.error = error));
  const limited = limitLines(stream, source);
  for await (const text of createInterface({ input: limited, crlfDelay: Infinity })) {
    line += 1;
    if (text.trim() === '') continue;
    const fields = parsed(text, `${source}, line ${line}`);
    if (!isRecord(fields)) {
      throw new FormatError('rows', `${source}, line ${line}: it holds no object`, {
        expected: 'one JSON object in each line',
      });
    }
    yield { fields, line };
  }
  if (failed.error !== undefined) throw failed.error;
}

/** The stream itself, which ends with an error where a line has no end. */
function limitLines(stream: Readable, source: string): Readable {
  let length = 0;
  stream.on('data', (chunk: Buffer | string) => {
    const end = chunk.lastIndexOf('\n');
    length = end === -1 ? length + chunk.length : chunk.length - end;
    if (length > maxRow) {
      stream.destroy(
        new FormatError('rows', `${source} has a line of more than ${maxRow} bytes`, { expected: 'JSON lines' }),
      );
    }
  });
  return stream;
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError('rows', `${where}: it is no JSON`, { expected: 'one JSON object in each line', cause });
  }
}

/** What `--format` says. */
export function formatNamed(text: unknown): RowFormat | undefined {
  if (text === undefined || text === 'csv' || text === 'jsonl') return text;
  throw new UsageError('--format', `“${String(text)}”`, { expected: 'csv or jsonl' });
}

/**
 * The number of a field; NaN where it is missing: where there is nothing, `NA`, `NaN`, or what else stands for that.
 *
 * @throws FormatError for a column that is not there, or a field that is no number.
 */
export function numberOf(
  { fields, line }: Row,
  column: string,
  source: string,
  missingValues: readonly string[] = [],
): number {
  if (!Object.hasOwn(fields, column)) {
    throw new FormatError('rows', `${source}, line ${line}: there is no column “${column}”`, {
      expected: `columns such as the model was trained on; there are ${Object.keys(fields).join(', ')}`,
    });
  }
  const field = fields[column];
  if (field === null || ['', 'NA', 'NaN', ...missingValues].includes(String(field))) return NaN;
  const value = typeof field === 'string' ? Number(field) : field;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new FormatError('rows', `${source}, line ${line}, column “${column}”: ${JSON.stringify(field)} is no number`, {
    expected: 'a number, or nothing for a missing one',
  });
}

/** A number as JSON writes it: `007` and `1e999` are none. */
const jsonNumber = /^-?(0|[1-9]\d*)(\.\d+)?(e[-+]?\d+)?$/i;

/**
 * Fields of CSV as JSON has them: what JSON would write as a number is one, as far as doubles have it, and nothing is null.
 *
 * @example
 * typedFields({ rooms: '3', zip: '01234', quarter: 'north', area: '' }); // { rooms: 3, zip: '01234', quarter: 'north', area: null }
 */
export const typedFields = (fields: Row['fields']): Row['fields'] =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, typed(field)]));

function typed(field: unknown): unknown {
  if (field === '') return null;
  if (typeof field !== 'string' || !jsonNumber.test(field)) return field;
  const value = Number(field);
  const isExact = Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  return isExact ? value : field;
}

/** Rows in groups of so many, and what is left. */
export async function* grouped<T>(rows: AsyncIterable<T> | Iterable<T>, size: number): AsyncGenerator<readonly T[]> {
  let group: T[] = [];
  for await (const row of rows) {
    group.push(row);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
