/** The flags that say how equations are solved, where no model is trained: those of configurations, with other defaults. */
import { InvalidArgumentError, type Command } from 'commander';
import type { SolveConfig } from '../config/config.ts';
import { addFlags, configFlags, withFlags } from '../config/flags.ts';
import { validConfig } from '../config/validate.ts';

/** What a flag's number has to be. */
interface NumberRange {
  readonly atLeast?: number;
  readonly above?: number;
  readonly integer?: boolean;
}

/** A number; with `atLeast` none below it, with `above` none as small. */
export const numberFlag =
  ({ atLeast = -Infinity, above = -Infinity, integer = false }: NumberRange = {}) =>
  (text: string): number => {
    const value = Number(text);
    const isInRange = Number.isFinite(value) && value >= atLeast && value > above;
    if (text.trim() !== '' && isInRange && (!integer || Number.isInteger(value))) return value;
    const bound = atLeast > -Infinity ? ` from ${atLeast} on` : above > -Infinity ? ` above ${above}` : '';
    throw new InvalidArgumentError(`Expected ${integer ? 'an integer' : 'a number'}${bound}.`);
  };

const descriptions: ReadonlyMap<string, string> = new Map([
  ['solver', 'a short name, a package or a path; dopri5 by default'],
  ['controller', 'what chooses the steps; pid by default, with rtol and atol'],
  ['backend', 'the engine: a short name, a package or a path; wasm by default'],
  ['rtol', 'relative tolerance; 1e-6 by default, 1e-4 in f32'],
  ['atol', 'absolute tolerance; 1e-9 by default, 1e-6 in f32'],
  ['stepSize', 'steps of this size instead of adaptive ones'],
  ['maxSteps', 'most steps tried; 100000 by default'],
  ['dtype', 'f64 by default, where the engine has it'],
]);

const odeFlags = configFlags.flatMap((flag) => {
  const description = descriptions.get(flag.path.join('.'));
  return description === undefined ? [] : [{ ...flag, node: { ...flag.node, description } }];
});

/** Adds `--solver`, `--rtol` and the like, and `--set` for options of plugins. */
export const addOdeFlags = (command: Command): Command => addFlags(command, odeFlags);

/**
 * What the flags say.
 *
 * @throws UsageError for a value that is none.
 */
export function odeConfig(options: object, cwd: string): SolveConfig {
  const placeholder = { data: { set: 'none' }, model: 'none' };
  const given = withFlags(placeholder, odeFlags, { ...options }, cwd);
  const { data: _data, model: _model, ...config } = validConfig(given, 'the flags');
  return config;
}
