/** The command line of `npm run playground`. */
import { integerOf, parseOptions, pathOf } from '@node-ode/scripts';

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

const command = 'npm run playground';
const options = {
  build: { type: 'boolean', default: false },
  out: { type: 'string', default: 'output/playground' },
  port: { type: 'string', default: '4173' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/**
 * Reads the arguments.
 *
 * @throws OptionError for an option that is not known or out of range.
 */
export function parseCommand(args: readonly string[]): Command {
  const { build, out, port, help } = parseOptions(command, args, options);
  return {
    build,
    out: pathOf(command, 'out', out),
    port: integerOf(command, 'port', port, { min: 0, max: 65535 }),
    help,
  };
}
