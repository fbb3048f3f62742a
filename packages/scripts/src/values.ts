import { OptionError } from '@node-ode/core';
import { seeHelp } from './parse.ts';

/** Where a number lies, both ends included. */
export interface Range {
  readonly min: number;
  readonly max?: number;
}

/**
 * The integer that an option has.
 *
 * @throws OptionError unless it is one, in digits alone, and within the range.
 * @example
 * const port = integerOf('npm run docs', 'port', '4180', { min: 0, max: 65535 });
 */
export function integerOf(command: string, option: string, text: string, { min, max }: Range): number {
  const n = /^\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(n) && n >= min && n <= (max ?? Infinity)) return n;
  const expected = max === undefined ? `an integer, at least ${min}` : `an integer from ${min} to ${max}`;
  throw new OptionError(command, `--${option} '${text}'`, { expected, advice: seeHelp });
}

/**
 * The path that an option has.
 *
 * @throws OptionError if it is empty, as a shell's variable that is not set makes it.
 * @example
 * const folder = pathOf('npm run docs', 'out', 'output/docs');
 */
export function pathOf(command: string, option: string, text: string): string {
  if (text !== '') return text;
  throw new OptionError(command, `--${option} without a folder`, { expected: 'a path', advice: seeHelp });
}
