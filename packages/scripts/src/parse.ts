import { parseArgs, type ParseArgsConfig } from 'node:util';
import { OptionError } from '@node-ode/core';

/** What the error of an option tells to do. */
export const seeHelp = 'See --help.';

/**
 * Reads arguments as `parseArgs` does, positional ones refused.
 *
 * @param command What the user typed, which begins the message of an error.
 * @throws OptionError for an option that is not known, lacks its value or has one that it does not take.
 * @example
 * const { out = 'output' } = parseOptions('npm run docs', ['--out', 'site'], { out: { type: 'string' } });
 */
export function parseOptions<T extends NonNullable<ParseArgsConfig['options']>>(
  command: string,
  args: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ args: string[]; options: T }>>['values'] {
  try {
    return parseArgs<{ args: string[]; options: T }>({ args: [...args], options }).values;
  } catch (cause) {
    throw new OptionError(command, firstSentence(cause), { cause, advice: seeHelp });
  }
}

/** Node goes on to tell how to pass a positional argument that begins with a dash. */
function firstSentence(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.split(/\.\s|\.?$/m)[0] ?? '';
}
