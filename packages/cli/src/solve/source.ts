/** A system's text: where things stand in it, and errors that say so. */
import { FormatError } from '@node-ode/core';

/** A text and what it is called. */
export interface Source {
  readonly name: string;
  readonly text: string;
}

const lineOf = ({ text }: Source, at: number): number => text.slice(0, at).split('\n').length;

const columnOf = ({ text }: Source, at: number): number => at - text.lastIndexOf('\n', at - 1);

/** “lorenz.ode, line 3, column 9” */
export const placeOf = (source: Source, at: number): string =>
  `${source.name}, line ${lineOf(source, at)}, column ${columnOf(source, at)}`;

/** “line 3” */
export const lineName = (source: Source, at: number): string => `line ${lineOf(source, at)}`;

/** What a text says wrong: where it does, what would have been right, and what to do. */
export const mistake = (
  source: Source,
  at: number,
  problem: string,
  details: { readonly expected?: string; readonly advice?: string } = {},
): FormatError => new FormatError('solve', `${placeOf(source, at)}: ${problem}`, details);

/** The word or sign at an offset, for messages. */
export function foundAt({ text }: Source, at: number): string {
  const rest = text.slice(at);
  if (/^[^\S\n]*(#|\n|;|$)/.test(rest)) return 'the end of the line';
  const [word = ''] = /^([\p{L}_][\p{L}\p{N}_]*|\d+(\.\d+)?|\S)/u.exec(rest) ?? [];
  return `“${word.slice(0, 40)}”`;
}
