/** The command line of `npm run playground`. */
import { parseArgs } from 'node:util';
import { OptionError } from '@node-ode/core';

/** What was asked for. */
export interface Command {
  /** Only to build. */
  readonly build: boolean;
  readonly out: string;
  readonly port: number;
  readonly help: boolean;
}

/** What `--help` prints. */
export const usage = `Builds the playground, a page that trains Neural ODEs, and serves it.

npm run playground -- [options]

  --build      builds the page, and ends: the folder can be served by anything
  --out DIR    where the page is written, output/playground by default
  --port N     of the server, 4173 by default
  --help       prints this
`;

/**
 * Reads the arguments.
 *
 * @throws OptionError for an option that is not known or out of range.
 */
export function parseCommand(args: readonly string[]): Command {
  const { build = false, out = 'output/playground', port = '4173', help = false } = parse(args);
  const number = Number(port);
  if (!/^\d+$/.test(port) || number > 65535) {
    throw new OptionError('npm run playground', `--port ${port}`, { expected: 'a number from 0 to 65535', advice });
  }
  if (out === '') throw new OptionError('npm run playground', '--out without a folder', { expected: 'a path', advice });
  return { build, out, port: number, help };
}

const advice = 'See --help.';

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        build: { type: 'boolean' },
        out: { type: 'string' },
        port: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new OptionError('npm run playground', problem.split('. ', 1).join(''), { advice, cause });
  }
}
