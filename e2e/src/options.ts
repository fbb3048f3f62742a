/** The runner's command line. */
import { parseArgs } from 'node:util';
import { OptionError } from '@node-ode/core';
import { backendFactory, backends } from './backends.ts';

/** What the runner is asked to do. */
export interface RunnerOptions {
  /** Backends to run, each once. */
  readonly backends: readonly string[];
  /** Backends that must be available. */
  readonly required: readonly string[];
  /** Where to write the report as JSON. */
  readonly json: string | undefined;
  /** Only cases whose title contains this. */
  readonly only: string;
  readonly help: boolean;
}

export const usage = `Usage: npm run e2e -- [options]

  --backend NAME[,NAME…]   backends to run; all of them by default
  --require NAME[,NAME…]   backends that must be available: it is a failure if one is not
  --only TEXT              only cases whose title contains TEXT
  --json FILE              write the report as JSON
  --help                   show this

Backends: ${Object.keys(backends).join(', ')}

Exit code: 0 if every case agrees, 1 if one does not, a required backend is missing or no case ran, 2 for wrong usage.`;

/**
 * Reads the arguments behind the command.
 *
 * @throws OptionError for an option or a backend that is not known.
 */
export function parseOptions(args: readonly string[]): RunnerOptions {
  const { values } = parse(args);
  const required = namesIn(values.require);
  const chosen =
    values.backend === undefined && required.length === 0 ? Object.keys(backends) : namesIn(values.backend);
  const all = [...new Set([...chosen, ...required])];
  for (const name of all) backendFactory(name);
  return { backends: all, required, json: values.json, only: values.only ?? '', help: values.help ?? false };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        backend: { type: 'string', multiple: true },
        require: { type: 'string', multiple: true },
        only: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (cause) {
    throw new OptionError('e2e', cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause), {
      advice: 'See --help.',
      cause,
    });
  }
}

const namesIn = (lists: readonly string[] = []): readonly string[] =>
  lists
    .flatMap((list) => list.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '');
