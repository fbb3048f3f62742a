/** The command line of `npm run torture`. */
import { backendFactory, backends } from '@node-ode/e2e/backends';
import { integerOf, parseOptions } from '@node-ode/scripts';

/** What is asked for. */
export interface TortureCommand {
  readonly backends: readonly string[];
  readonly kills: number;
  readonly seed: number;
  readonly help: boolean;
}

const command = 'npm run torture';

const options = {
  backend: { type: 'string' },
  kills: { type: 'string' },
  seed: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

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

/**
 * Reads the arguments behind the command.
 *
 * @throws OptionError for an option or a backend that is not known, or a number out of range.
 */
export function parseCommand(args: readonly string[]): TortureCommand {
  const { backend = defaults.backend, kills, seed, help = false } = parseOptions(command, args, options);
  const names = [...new Set(backend.split(',').map((name) => name.trim()))];
  for (const name of names) backendFactory(name);
  return {
    backends: names,
    kills: kills === undefined ? defaults.kills : integerOf(command, 'kills', kills, { min: 1 }),
    seed: seed === undefined ? Math.floor(2 ** 31 * Math.random()) : integerOf(command, 'seed', seed, { min: 0 }),
    help,
  };
}
