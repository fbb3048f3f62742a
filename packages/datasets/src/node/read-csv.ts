/** CSV files. */
import { readFile } from 'node:fs/promises';
import { FormatError } from '@node-ode/core';
import { parseCsv, type CsvOptions, type CsvTable } from '../csv/parse.ts';

/**
 * Reads a CSV file, in UTF-8; errors name it.
 *
 * @throws FormatError if it can't be read, and whatever `parseCsv` throws.
 * @example
 * const table = await readCsv('measurements.csv', { text: ['station'] });
 */
export async function readCsv(path: string, options: Omit<CsvOptions, 'source'> = {}): Promise<CsvTable> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new FormatError('readCsv', `${path} can't be read`, {
      expected: 'a text file',
      advice: 'Check the path and its permissions.',
      cause,
    });
  });
  return parseCsv(text, { ...options, source: path });
}
