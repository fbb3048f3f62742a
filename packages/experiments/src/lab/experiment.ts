/** What an experiment is: a name, options and a function from them to tables and figures. */
import { OptionError } from '@node-ode/core';
import { kebab, valueOf, type Options, type OptionsOf } from './command-options.ts';
import type { EngineName } from './engines.ts';
import type { Lab } from './lab.ts';
import type { Results } from './results.ts';

/** How an experiment is described. */
export interface ExperimentDefinition<S extends Options> {
  /** Of its folder and on the command line. */
  readonly name: string;
  readonly title: string;
  /** Paper, table or figure. */
  readonly source: string;
  /** Its own options. */
  readonly options: S;
  /** How many seeds; 1 by default. */
  readonly seeds?: { readonly full: number; readonly quick: number };
  /** The engine that is fastest for it; `wasm` by default. */
  readonly engine?: EngineName;
  /** Threads of one operation; 1 by default. */
  readonly threads?: number;
  run(options: OptionsOf<S>, lab: Lab): Promise<Results>;
}

/** An experiment whose options were read. */
export interface PreparedExperiment {
  readonly settings: Readonly<Record<string, unknown>>;
  /** Those that decide results: all but which parts are made. */
  readonly decisive: Readonly<Record<string, unknown>>;
  run(lab: Lab): Promise<Results>;
}

/** An experiment as the command line sees it. */
export interface Experiment {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly options: Options;
  readonly seeds: { readonly full: number; readonly quick: number };
  readonly engine: EngineName;
  readonly threads: number;
  /**
   * Reads what was given for its options by name: a text, or true for a flag.
   *
   * @throws OptionError for a value out of range.
   */
  prepare(given: Readonly<Record<string, string | true | undefined>>, quick: boolean): PreparedExperiment;
}

/** Options that every experiment has. */
export const commonOptions = ['quick', 'seeds', 'backend', 'threads', 'out', 'resume', 'fresh', 'data', 'help'];

/**
 * Describes an experiment; the types of its options flow into `run`.
 *
 * @throws OptionError if an option of its own is called as one that all have.
 * @example
 * export const experiment = defineExperiment({
 *   name: 'identify',
 *   title: 'Learning a system from irregular noisy observations',
 *   source: 'Chen et al. 2018, section 5',
 *   options: { steps: integer('training steps', { full: 5000, quick: 500 }) },
 *   run: async ({ steps }, lab) => ({ tables: [], notes: [`${steps} steps`] }),
 * });
 */
export function defineExperiment<const S extends Options>(definition: ExperimentDefinition<S>): Experiment {
  const { name, title, source, options, seeds = { full: 1, quick: 1 }, engine = 'wasm', threads = 1 } = definition;
  const taken = Object.keys(options).find((key) => commonOptions.includes(kebab(key)));
  if (taken !== undefined) {
    throw new OptionError(`experiment ${name}`, `an option “${taken}” of its own`, {
      expected: `another name than ${commonOptions.join(', ')}, which every experiment has`,
    });
  }
  return {
    ...{ name, title, source, options, seeds, engine, threads },
    prepare: (given, quick) => {
      const settings = settingsOf(name, options, given, quick);
      const decisive = Object.entries(settings).filter(([key]) => options[key]?.isSelection !== true);
      return { settings, decisive: Object.fromEntries(decisive), run: (lab) => definition.run(settings, lab) };
    },
  };
}

/** The value of each option: what was given, or the default of this size of run. */
function settingsOf<S extends Options>(
  name: string,
  options: S,
  given: Readonly<Record<string, string | true | undefined>>,
  quick: boolean,
): OptionsOf<S> {
  const entries = Object.entries(options).map(([key, option]) => {
    const text = given[key];
    if (text === undefined) return [key, quick ? option.quick : option.full];
    return [key, valueOf(`npm run experiment -- ${name}`, key, text === true ? '' : text, option)];
  });
  return Object.fromEntries(entries) as OptionsOf<S>;
}
