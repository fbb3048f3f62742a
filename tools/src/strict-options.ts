/** What the command lines of this package share. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { OptionError } from '@node-ode/core';

/** What the error of an option tells to do. */
export const seeHelp = 'See --help.';

/**
 * Reads arguments as `parseArgs` does.
 *
 * @throws OptionError for an option that is not known, lacks its value or has one that it does not take.
 */
export function parseStrictly<T extends NonNullable<ParseArgsConfig['options']>>(
  operation: string,
  args: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ args: string[]; options: T }>>['values'] {
  try {
    return parseArgs<{ args: string[]; options: T }>({ args: [...args], options }).values;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new OptionError(operation, message.split(/\.\s|\.?$/m)[0] ?? '', { cause, advice: seeHelp });
  }
}

/**
 * The integer that an option has.
 *
 * @throws OptionError unless it is one, and at least `least`.
 */
export function integerOf(operation: string, option: string, text: string, least: number): number {
  const n = /^\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(n) && n >= least) return n;
  throw new OptionError(operation, `--${option} '${text}'`, {
    expected: `an integer, at least ${least}`,
    advice: seeHelp,
  });
}
