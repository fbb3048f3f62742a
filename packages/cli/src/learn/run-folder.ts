/** The folder of a run: its checkpoints, and the configuration that they are of. */
import { join, resolve } from 'node:path';
import { FormatError } from '@node-ode/core';
import type { Checkpoint } from '@node-ode/train';
import { latestCheckpoint } from '@node-ode/train/node';
import type { Config } from '../config/config.ts';
import { withAbsolutePaths, withRelativePaths } from '../config/paths.ts';
import { FileError } from '../errors.ts';
import type { Io } from '../io.ts';
import { isRecord } from '../plugins/package-info.ts';

/** Where a run's checkpoints are. */
export const checkpointsIn = (out: string): string => join(out, 'checkpoints');

/** What a checkpoint keeps of its run. */
export const metadataOf = (config: Config, out: string): Readonly<Record<string, string>> => ({
  config: JSON.stringify(withRelativePaths({ ...config }, out)),
});

/**
 * The configuration of a checkpoint in a folder.
 *
 * @throws FormatError if it has none.
 */
export function configOfCheckpoint({ metadata }: Checkpoint, out: string): Readonly<Record<string, unknown>> {
  const config = parsed(metadata['config'] ?? '');
  if (isRecord(config)) return withAbsolutePaths(config, out);
  throw new FormatError('train', `the checkpoint in ${out} has no configuration`, {
    expected: 'one that node-ode train wrote',
  });
}

/**
 * The configuration of the run in a folder, so that it can go on.
 *
 * @throws FileError if there is no checkpoint.
 * @example
 * const config = await configOfRun('output/moons-cnf', io);
 */
export async function configOfRun(given: string, io: Io): Promise<Readonly<Record<string, unknown>>> {
  const out = resolve(io.cwd, given);
  const warn = (message: string): void => void io.stderr.write(`${message}\n`);
  const checkpoint = await latestCheckpoint(checkpointsIn(out), { warn });
  if (checkpoint !== undefined) return { ...configOfCheckpoint(checkpoint, out), out };
  throw noRunIn(given, 'which has no checkpoints');
}

/** Of a folder without a run; `why` goes on behind its name. */
export const noRunIn = (folder: string, why: string, meant?: string): FileError =>
  new FileError('train', `there is no run in the folder ${folder}, ${why}`, {
    expected:
      'the folder of a run: it holds checkpoints/, and when training is done model.safetensors and history.csv as well',
    advice: `${meant === undefined ? '' : `${meant} `}A run is started by its configuration: node-ode train CONFIG --out ${folder}`,
  });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
