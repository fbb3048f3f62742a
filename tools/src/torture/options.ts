/** The command line of `npm run torture`. */
import { parseArgs } from 'node:util';
import { OptionError } from '@node-ode/core';
import { backendFactory, backends } from '@node-ode/e2e/backends';

/** What is asked for. */
export interface TortureCommand {
  readonly backends: readonly string[];
  readonly kills: number;
  readonly seed: number;
  readonly help: boolean;
}

const defaults = { backend: 'reference,wasm,onnx-cpu,tfjs-cpu', kills: 50 } as const;

export const usage = `Kills a training run with SIGKILL at random moments, most of them while a checkpoint is written, and goes on each time.
No checkpoint may be damaged, and each must be, bit for bit, that of a run that nobody kills.

npm run torture -- [options]

  --backend NAME[,…]   engines; ${defaults.backend} by default
  --kills N            kills for each engine; ${defaults.kills} by default
  --seed N             of the moments; drawn, and printed, if it is not given
  --help               prints this

Backends: ${Object.keys(backends).join(', ')}

Exit code: 0 if all is well, 1 if something is damaged or differs, 2 for wrong usage.`;

const advice = 'See --help.';

/**
 * Reads the arguments behind the command.
 *
 * @throws OptionError for an option or a backend that is not known, or a number out of range.
 */
export function parseOptions(args: readonly string[]): TortureCommand {
  const { backend = defaults.backend, kills, seed, help = false } = parse(args);
  const names = [...new Set(backend.split(',').map((name) => name.trim()))];
  for (const name of names) backendFactory(name);
  return {
    backends: names,
    kills: kills === undefined ? defaults.kills : integer('kills', kills, 1),
    seed: seed === undefined ? Math.floor(2 ** 31 * Math.random()) : integer('seed', seed, 0),
    help,
  };
}

function integer(option: string, text: string, least: number): number {
  const n = /^\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(n) && n >= least) return n;
  throw new OptionError('npm run torture', `--${option} '${text}'`, {
    expected: `an integer, at least ${least}`,
    advice,
  });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        backend: { type: 'string' },
        kills: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    const problem = (cause as Error).message.split(/\.\s|\.?$/m)[0] ?? '';
    throw new OptionError('npm run torture', problem, { cause, advice });
  }
}
