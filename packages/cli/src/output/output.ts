/** What commands write: results to stdout, everything else to stderr. */
import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { CommonOptions, Io } from '../io.ts';

/** Something that JSON can hold; numbers that are not finite become null. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/** How a command tells of what it did. */
export interface Output {
  readonly isJson: boolean;
  /** The result: one JSON document with `--json`, else the text. */
  result(json: Json, text: string): Promise<void>;
  /** One of many results: a JSON line with `--json`, else the text. */
  row(json: Json, text: string): Promise<void>;
  /** A line on stderr. */
  note(text: string): void;
}

/**
 * The output of a command.
 *
 * @example
 * const output = outputOf(io, options);
 * await output.result({ loss: 0.1 }, 'loss 0.1');
 */
export function outputOf({ stdout, stderr }: Io, { json = false }: CommonOptions): Output {
  const line = (value: Json, text: string): Promise<void> => write(stdout, `${json ? JSON.stringify(value) : text}\n`);
  return { isJson: json, result: line, row: line, note: (text) => void stderr.write(`${text}\n`) };
}

/** A reader that has gone away (`node-ode … | head`): the command ends, and says nothing. */
export class BrokenPipe extends Error {}

/**
 * Writes, and waits until it is: rows in memory stay few. Behind it there is a pause, as an engine may compute without one, and
 * Ctrl-C is not seen before.
 *
 * @throws BrokenPipe where the reader is gone; what else goes wrong with the stream.
 */
export async function write(stream: Writable, text: string): Promise<void> {
  // Of a process's own streams nothing else tells: they forget their errors.
  const error = await new Promise<Error | null | undefined>((resolve) => stream.write(text, resolve));
  if (error !== null && error !== undefined) throw isGone(error) ? new BrokenPipe() : error;
  await setImmediate();
}

const isGone = (error: Error): boolean =>
  'code' in error && (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED');
