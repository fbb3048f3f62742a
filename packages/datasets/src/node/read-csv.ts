/** CSV files. */
import { parseCsv, type CsvOptions, type CsvTable } from '../csv/parse.ts';
import { readBytes } from './files/byte-stream.ts';

/** Longer texts are no strings: `streamCsv` reads them. */
const maxBytes = 2 ** 28;

/**
 * Reads a CSV file, gzip or not, in UTF-8; errors name it.
 *
 * @throws FormatError if it can't be read or has more than 256 MiB, and whatever `parseCsv` throws.
 * @example
 * const table = await readCsv('measurements.csv', { text: ['station'] });
 */
export const readCsv = async (path: string, options: Omit<CsvOptions, 'source'> = {}): Promise<CsvTable> =>
  parseCsv(new TextDecoder().decode(await readBytes('readCsv', path, { maxBytes })), { ...options, source: path });
