/** The command line of `npm run experiment -- NAME`. */
import { OptionError } from '@node-ode/core';
import { parseOptions, pathOf, seeHelp } from '@node-ode/scripts';
import { integer, kebab, valueOf, type Option } from './command-options.ts';
import { engineNames, type EngineName } from './engines.ts';
import type { Experiment, PreparedExperiment } from './experiment.ts';

/** What was asked for. */
export interface ExperimentCommand {
  readonly prepared: PreparedExperiment;
  readonly quick: boolean;
  readonly seeds: readonly number[];
  readonly engine: EngineName;
  readonly threads: number;
  /** Where results go. */
  readonly out: string;
  readonly fresh: boolean;
  readonly data: string | undefined;
  readonly help: boolean;
}

const threadsOption = integer('threads', 1, { max: 64 });
const seedsOption = integer('seeds', 1, { max: 1000 });
const engineOption: Pick<Option<EngineName>, 'expected' | 'read'> = {
  expected: engineNames.join(', '),
  read: (given) => engineNames.find((name) => name === given),
};

/** What the user typed up to the experiment's options. */
export const commandOf = (name: string): string => `npm run experiment -- ${name}`;

/** The folder of a run's results unless `--out` says another. */
export const defaultOut = (name: string, quick: boolean): string =>
  quick ? `results/quick/${name}` : `results/${name}`;

/**
 * Reads the arguments behind the experiment's name.
 *
 * @throws OptionError for an option that is not known or out of range.
 */
export function parseCommand(experiment: Experiment, args: readonly string[]): ExperimentCommand {
  const { name, options } = experiment;
  const own = Object.fromEntries(
    Object.entries(options).map(([key, { isFlag }]) => [kebab(key), { type: isFlag ? 'boolean' : 'string' } as const]),
  );
  const operation = commandOf(name);
  const values: Readonly<Record<string, string | boolean | undefined>> = parseOptions(operation, args, {
    ...own,
    quick: { type: 'boolean' },
    seeds: { type: 'string' },
    backend: { type: 'string' },
    threads: { type: 'string' },
    out: { type: 'string' },
    resume: { type: 'boolean' },
    fresh: { type: 'boolean' },
    data: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  const textOf = (key: string): string | undefined => {
    const value = values[key];
    return typeof value === 'string' ? value : undefined;
  };
  const given = <T>(key: string, option: Pick<Option<T>, 'expected' | 'read'>, otherwise: T): T => {
    const text = textOf(key);
    return text === undefined ? otherwise : valueOf(operation, key, text, option);
  };
  const [quick, fresh] = [values['quick'] === true, values['fresh'] === true];
  if (fresh && values['resume'] === true) {
    throw new OptionError(operation, '--fresh with --resume', { expected: 'one of them', advice: seeHelp });
  }
  for (const key of ['out', 'data']) {
    const text = textOf(key);
    if (text !== undefined) pathOf(operation, key, text);
  }
  const count = given('seeds', seedsOption, quick ? experiment.seeds.quick : experiment.seeds.full);
  const ownValues = Object.keys(options).map((key) => {
    const value = values[kebab(key)];
    return [key, value === false ? undefined : value] as const;
  });
  return {
    prepared: experiment.prepare(Object.fromEntries(ownValues), quick),
    quick,
    seeds: Array.from({ length: count }, (_, seed) => seed),
    engine: given('backend', engineOption, experiment.engine),
    threads: given('threads', threadsOption, experiment.threads),
    out: textOf('out') ?? defaultOut(name, quick),
    fresh,
    data: textOf('data'),
    help: values['help'] === true,
  };
}

const showValue = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value));

/** Defaults of both sizes of run, where they differ. */
const showDefaults = (full: unknown, quick: unknown): string =>
  showValue(full) === showValue(quick)
    ? `${showValue(full)} by default`
    : `${showValue(full)} by default, ${showValue(quick)} with --quick`;

/** What `--help` prints. */
export function usage({ name, title, source, options, seeds, engine, threads }: Experiment): string {
  const own = Object.entries(options).map(([key, { text, full, quick, isFlag }]) =>
    isFlag ? [`--${kebab(key)}`, text] : [`--${kebab(key)} X`, `${text}; ${showDefaults(full, quick)}`],
  );
  const common = [
    ['--quick', 'a small run, under two minutes on two quiet cores'],
    ['--seeds N', `how many seeds, ${showDefaults(seeds.full, seeds.quick)}`],
    ['--backend X', `engine: ${engineNames.join(', ')}; ${engine} by default`],
    ['--threads N', `threads of one operation, ${threads} by default`],
    ['--out DIR', `folder of the results; ${defaultOut(name, false)}, or ${defaultOut(name, true)}, by default`],
    ['--resume', 'goes on where a run with the same options was interrupted; it does so by default'],
    ['--fresh', 'forgets what was done by earlier runs with the same options'],
    ['--data DIR', 'folder of the data sets; by default what NODE_ODE_DATA says'],
    ['--help', 'prints this'],
  ];
  const width = Math.max(...[...own, ...common].map(([option = '']) => option.length));
  const list = (rows: readonly (readonly string[])[]): string =>
    rows.map(([option = '', text = '']) => `  ${option.padEnd(width)}  ${text}\n`).join('');
  return `${title}\n${source}\n\n${commandOf(name)} [options]\n\n${list(own)}${own.length > 0 ? '\n' : ''}${list(common)}`;
}
