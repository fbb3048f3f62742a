/** Options by which later commands change how a model is solved. */
import type { Command } from 'commander';
import type { SolveConfig } from '../config/config.ts';
import { addFlags, solveFlags, withFlags } from '../config/flags.ts';
import { validConfig } from '../config/validate.ts';
import type { CommonOptions } from '../io.ts';

/** Options as commander gives them. */
export interface FlagOptions extends CommonOptions {
  readonly [flag: string]: unknown;
}

/** Adds `--solver`, `--rtol` and the like. */
export const addSolveFlags = (command: Command): Command => addFlags(command, solveFlags);

/**
 * What flags say of solving.
 *
 * @throws UsageError for a value that the schema refuses.
 */
export function solveChanges(options: FlagOptions, cwd: string): SolveConfig {
  const placeholder = { data: { set: 'none' }, model: 'none' };
  const {
    data: _data,
    model: _model,
    ...solve
  } = validConfig(withFlags(placeholder, solveFlags, options, cwd), 'the flags');
  return solve;
}

/** The tolerances of `--rtol 1e-2,1e-4`: one evaluation for each. */
export function listOf(text: unknown): readonly string[] {
  return typeof text === 'string' ? text.split(',').map((one) => one.trim()) : [];
}
