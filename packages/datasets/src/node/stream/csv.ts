/** CSV larger than memory. */
import { FormatError } from '@node-ode/core';
import { checkHeader, readRows, tableOf, type CsvOptions, type CsvTable } from '../../csv/parse.ts';
import { lineOf } from '../../csv/position.ts';
import { positiveInteger } from '../../memory/splits.ts';
import { byteStream } from '../files/byte-stream.ts';

/** How a file is streamed. */
export interface StreamCsvOptions extends Omit<CsvOptions, 'source'> {
  /** Rows of each table but the last; 1000 by default. */
  readonly batchSize?: number;
  /** Characters of the longest row that is accepted; 2²⁰ by default. */
  readonly maxRow?: number;
}

/**
 * A CSV file, gzip or not, as tables of so many rows, one after another, in memory for one of them. A quote in a field that is
 * not quoted is taken for one that opens a field, as RFC 4180 has it.
 *
 * @throws FormatError naming file, line and column, as `parseCsv`, and for a row longer than `maxRow`; naming the offset if the
 * file can't be read; OptionError if `batchSize` or `maxRow` is no positive integer.
 * @example
 * // for await (const { numbers } of streamCsv('large.csv.gz', { batchSize: 10_000 })) console.log(numbers.x);
 */
export async function* streamCsv(path: string, options: StreamCsvOptions = {}): AsyncGenerator<CsvTable> {
  const { batchSize = 1000, maxRow = 2 ** 20, ...csv } = options;
  positiveInteger('streamCsv', 'batchSize', batchSize);
  positiveInteger('streamCsv', 'maxRow', maxRow);
  const settings: CsvOptions = { ...csv, source: path };
  let names = csv.names === undefined ? undefined : checkHeader({ fields: csv.names, line: 0 }, settings);
  let rows: ReturnType<typeof readRows> = [];
  for await (const { text, line } of wholeLines(path, maxRow)) {
    const more = readRows(text, settings, line);
    if (names === undefined && more.length > 0) names = checkHeader(more.shift(), settings);
    rows = rows.concat(more);
    if (names === undefined) continue;
    let start = 0;
    for (; rows.length - start >= batchSize; start += batchSize) {
      yield tableOf(rows.slice(start, start + batchSize), names, settings);
    }
    rows = rows.slice(start);
  }
  names ??= checkHeader(undefined, settings);
  if (rows.length > 0) yield tableOf(rows, names, settings);
}

/** The text in pieces that end where a line ends that is not within quotes, each with the number of its first line. */
async function* wholeLines(path: string, maxRow: number): AsyncGenerator<{ text: string; line: number }> {
  const decoder = new TextDecoder();
  let waiting = '';
  let [line, scanned, inQuotes] = [1, 0, false];
  const piece = (end: number): { text: string; line: number } => {
    const found = { text: waiting.slice(0, end), line };
    line += lineOf(found.text, end) - 1;
    waiting = waiting.slice(end);
    scanned -= end;
    return found;
  };
  for await (const chunk of byteStream('streamCsv', path)) {
    waiting += decoder.decode(chunk, { stream: true });
    let end = 0;
    for (; scanned < waiting.length; scanned++) {
      const letter = waiting[scanned];
      if (letter === '"') inQuotes = !inQuotes;
      else if (letter === '\n' && !inQuotes) end = scanned + 1;
    }
    if (end > 0) yield piece(end);
    if (waiting.length > maxRow) {
      throw new FormatError('streamCsv', `${path}, line ${line}: a row of more than ${maxRow} characters`, {
        expected: 'rows that end in LF or CRLF',
        advice: 'A quote may not be closed. If rows are as long as that, raise `maxRow`.',
      });
    }
  }
  waiting += decoder.decode();
  if (waiting.length > 0) yield piece(waiting.length);
}
