/** What commands write: results to stdout, everything else to stderr. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
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

/** Writes, and waits where the reader is slower: rows in memory stay few. */
export async function write(stream: Writable, text: string): Promise<void> {
  check(stream);
  if (stream.write(text)) return;
  await Promise.race([once(stream, 'drain'), once(stream, 'close')]).catch(() => undefined);
  check(stream);
}

/** @throws BrokenPipe where the reader is gone; what else went wrong with the stream. */
function check(stream: Writable): void {
  const { errored } = stream;
  if (errored !== null && !('code' in errored && errored.code === 'EPIPE')) throw errored;
  if (stream.destroyed || errored !== null) throw new BrokenPipe();
}
