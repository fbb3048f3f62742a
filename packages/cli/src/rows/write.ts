/** Rows out, as a stream: CSV with a header, or JSON lines. */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { requireWritable } from '@node-ode/train/node';
import { stringify } from 'csv-stringify/sync';
import type { Io } from '../io.ts';
import { write } from '../output/output.ts';
import type { RowFormat } from './read.ts';

/** A row as it is written. */
export type OutRow = Readonly<Record<string, unknown>>;

/** Where rows go. */
export interface RowSink {
  readonly format: RowFormat;
  write(rows: readonly OutRow[]): Promise<void>;
  /** Writes what is left; a file is complete after it. */
  close(): Promise<void>;
}

/** Where rows go, and how. */
export interface SinkOptions {
  /** A file; stdout by default. */
  readonly out: string | undefined;
  /** By default the file's, or CSV. */
  readonly format: RowFormat | undefined;
}

/**
 * Opens a sink. The columns are those of the first row.
 *
 * @throws what the file system says, when it is written to.
 */
export async function openSink({ out, format }: SinkOptions, io: Io): Promise<RowSink> {
  const chosen = format ?? formatOf(out);
  const stream = out === undefined ? io.stdout : await openFile(resolve(io.cwd, out));
  let columns: readonly string[] | undefined;
  return {
    format: chosen,
    write: async (rows) => {
      if (chosen === 'jsonl') return write(stream, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
      const header = columns === undefined;
      columns ??= Object.keys(rows[0] ?? {});
      await write(stream, stringify([...rows], { header, columns: [...columns] }));
    },
    close: async () => {
      if (out === undefined) return;
      stream.end();
      await once(stream, 'close');
    },
  };
}

const formatOf = (out: string | undefined): RowFormat =>
  out !== undefined && ['.jsonl', '.ndjson'].includes(extname(out)) ? 'jsonl' : 'csv';

async function openFile(path: string): Promise<Writable> {
  await requireWritable('rows', dirname(path));
  const stream = createWriteStream(path);
  await once(stream, 'open');
  stream.on('error', () => undefined); // told by the write that it is of
  return stream;
}
