import { parseArgs, type ParseArgsConfig } from 'node:util';
import { OptionError } from '@node-ode/core';

/** What the error of an option tells to do. */
export const seeHelp = 'See --help.';

/**
 * Reads arguments as `parseArgs` does, positional ones refused. A negative number may stand behind its option, too.
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
  const given = withNegatives(args, options);
  const [option, next] = withoutValue(given, options) ?? [];
  if (option !== undefined) {
    throw new OptionError(command, `${option} is followed by ${next ?? ''}, which is an option`, {
      expected: `its value, or ${option}=${next ?? ''} where that is the value`,
      advice: seeHelp,
    });
  }
  try {
    return parseArgs<{ args: string[]; options: T }>({ args: given, options }).values;
  } catch (cause) {
    throw new OptionError(command, firstSentence(cause), { cause, advice: seeHelp });
  }
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** Whether an argument is an option whose value is the next one. */
const takesNext = (arg: string | undefined, options: Options): arg is string =>
  arg !== undefined && arg.startsWith('--') && options[arg.slice(2)]?.type === 'string';

/** `--seed -1` as `--seed=-1`, which Node takes for a value. */
const withNegatives = (args: readonly string[], options: Options): string[] =>
  args.flatMap((arg, i) => {
    const isNegative = (text: string | undefined): boolean => /^-\.?\d/.test(text ?? '');
    if (takesNext(args[i - 1], options) && isNegative(arg)) return [];
    return takesNext(arg, options) && isNegative(args[i + 1]) ? [`${arg}=${args[i + 1] ?? ''}`] : [arg];
  });

/** The first option that has another option in the place of its value: Node calls its argument ambiguous. */
const withoutValue = (args: readonly string[], options: Options): readonly [string, string] | undefined =>
  args
    .map((arg, i) => [arg, args[i + 1] ?? ''] as const)
    .find(([arg, next]) => takesNext(arg, options) && next.length > 1 && next.startsWith('-'));

/** Node goes on to tell how to pass a positional argument that begins with a dash. */
function firstSentence(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.split(/\.\s|\.?$/m)[0] ?? '';
}
