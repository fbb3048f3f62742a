/** The command line of the job. */
import { parseOptions, pathOf } from '@node-ode/scripts';
import { readNumber, valueOf } from '../lab/command-options.ts';
import { backends, isBackendName, type BackendName } from './backends.ts';
import type { Settings } from './model.ts';

/** What was asked for; settings that were not given are undefined. */
export interface Command {
  readonly settings: Partial<Settings>;
  readonly out: string;
  readonly resume: boolean;
  readonly help: boolean;
}

/** What a run is made from unless it is told otherwise. */
export const defaults: Settings = { steps: 3000, seed: 0, rtol: 1e-4, atol: 1e-5, backend: 'wasm' };

/** Where results go unless told otherwise. */
export const defaultOut = 'output/lynx-hare';

/** What `--help` prints. */
export const usage = `Trains a Neural ODE on the Hudson Bay lynx–hare record and forecasts the years held out.

npm start -- [options]

  --steps N     training steps, ${defaults.steps} by default
  --seed N      of the initial parameters, ${defaults.seed} by default
  --rtol X      relative tolerance of the solver, ${defaults.rtol} by default
  --atol X      absolute tolerance of the solver, ${defaults.atol} by default
  --backend X   engine: ${Object.keys(backends).join(' or ')}, ${defaults.backend} by default
  --out DIR     folder for figures, parameters and checkpoints, ${defaultOut} by default
  --resume      goes on from the last checkpoint in that folder
  --help        prints this
`;

/**
 * Reads the arguments after the program's name.
 *
 * @throws OptionError for an option that is not known or out of range.
 */
export function parseCommand(args: readonly string[]): Command {
  const values = parse(args);
  const { out = defaultOut, resume = false, help = false } = values;
  const settings = {
    steps: numberOf('steps', values.steps, 'a positive integer', (n) => Number.isSafeInteger(n) && n > 0),
    seed: numberOf('seed', values.seed, 'an integer', Number.isSafeInteger),
    rtol: numberOf('rtol', values.rtol, 'a positive number', isPositive),
    atol: numberOf('atol', values.atol, 'a positive number', isPositive),
    backend: backendOf(values.backend),
  };
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  return { settings: given, out: pathOf('npm start', 'out', out), resume, help };
}

const isPositive = (n: number): boolean => Number.isFinite(n) && n > 0;

const parse = (args: readonly string[]) =>
  parseOptions('npm start', args, {
    steps: { type: 'string' },
    seed: { type: 'string' },
    rtol: { type: 'string' },
    atol: { type: 'string' },
    backend: { type: 'string' },
    out: { type: 'string' },
    resume: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });

function numberOf(
  name: string,
  text: string | undefined,
  expected: string,
  isValid: (n: number) => boolean,
): number | undefined {
  if (text === undefined) return undefined;
  return valueOf('npm start', name, text, { expected, read: (given) => readNumber(given, isValid) });
}

function backendOf(name: string | undefined): BackendName | undefined {
  if (name === undefined) return undefined;
  return valueOf('npm start', 'backend', name, {
    expected: Object.keys(backends).join(' or '),
    read: (given) => (isBackendName(given) ? given : undefined),
  });
}
