/** Checkpoints as files in a folder: the last few of them. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, OptionError, type NodeOdeError } from '@node-ode/core';
import { checkpointOf, encodeCheckpoint, type Checkpoint, type CheckpointStore } from '../checkpoint/checkpoint.ts';
import { temporarySuffix, writeFileAtomically } from './atomic-write.ts';
import { readSafetensors } from './safetensors-file.ts';

/** How checkpoints are kept. */
export interface CheckpointFolderOptions {
  /** Number of files that are kept; 3 by default. */
  readonly keep?: number;
  /** Told of files that are no checkpoints although they are called so; a warning of the process by default. */
  readonly warn?: (message: string) => void;
}

const namePattern = /^step-(\d{9,})\.safetensors$/;
const nameOf = (step: number): string => `step-${String(step).padStart(9, '0')}.safetensors`;
const stepOf = (name: string): number | undefined => {
  const digits = namePattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

/** A temporary file this old (milliseconds) was left by a process that was killed. */
const abandonedAfter = 3_600_000;

/**
 * Keeps checkpoints as `step-000000100.safetensors` and so on in a folder. They are written beside their place and then
 * renamed, so that a process that is killed leaves the ones before. A folder is for one run: saving step n removes what
 * comes after n.
 *
 * @throws OptionError if `keep` is no positive integer. `save` throws FileError if the disk is full or the folder can't be written: the
 * checkpoints before are still there.
 * @example
 * await fit({ ...options, checkpoint: { store: checkpointFolder('output/checkpoints'), everySeconds: 60 }, resume: true });
 */
export function checkpointFolder(folder: string, options: CheckpointFolderOptions = {}): CheckpointStore {
  const { keep = 3, warn } = options;
  if (!Number.isInteger(keep) || keep < 1) {
    throw new OptionError('checkpointFolder', `keep ${keep}`, { expected: 'a positive integer' });
  }
  return {
    save: async (checkpoint) => {
      const bytes = encodeCheckpoint(checkpoint);
      await writeFileAtomically('checkpointFolder', join(folder, nameOf(checkpoint.step)), bytes);
      await prune(folder, keep, checkpoint.step);
    },
    latest: () => latestCheckpoint(folder, warn === undefined ? {} : { warn }),
  };
}

/**
 * The newest checkpoint in a folder that can be read; undefined if there is none. Damaged files are passed over with a
 * warning, temporary ones silently.
 *
 * @example
 * const checkpoint = await latestCheckpoint('output/checkpoints');
 */
export async function latestCheckpoint(
  folder: string,
  options: Pick<CheckpointFolderOptions, 'warn'> = {},
): Promise<Checkpoint | undefined> {
  const { warn = (message: string) => process.emitWarning(message) } = options;
  for (const { name } of await checkpointFiles(folder)) {
    try {
      return await readCheckpoint(join(folder, name));
    } catch (error) {
      const { code, message } = error as NodeOdeError;
      if (code !== 'FORMAT') throw error;
      warn(`Passing over a damaged checkpoint. ${message}`);
    }
  }
  return undefined;
}

/**
 * Reads one checkpoint file.
 *
 * @throws FormatError if it is none.
 * @example
 * await fit({ ...options, resume: await readCheckpoint('output/checkpoints/step-000000100.safetensors') });
 */
export const readCheckpoint = async (path: string): Promise<Checkpoint> =>
  checkpointOf(await readSafetensors(path), path);

/** Newest first. */
async function checkpointFiles(folder: string): Promise<{ readonly name: string; readonly step: number }[]> {
  return (await namesIn(folder))
    .flatMap((name) => {
      const step = stepOf(name);
      return step === undefined ? [] : [{ name, step }];
    })
    .sort((a, b) => b.step - a.step);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fileError('checkpointFolder', `${folder} can't be read`, error);
  }
}

/** Removes all but the newest checkpoints, later ones that a run which went back has left, and abandoned temporary files. */
async function prune(folder: string, keep: number, last: number): Promise<void> {
  const files = await checkpointFiles(folder);
  const kept = files.filter(({ step }) => step <= last).slice(0, keep);
  const old = files.filter((file) => !kept.includes(file)).map(({ name }) => name);
  const temporary = (await namesIn(folder)).filter(
    (name) => name.startsWith('.step-') && name.endsWith(temporarySuffix),
  );
  const abandoned: string[] = [];
  for (const name of temporary) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > abandonedAfter) abandoned.push(name);
  }
  const remove = async (name: string): Promise<void> => {
    await rm(join(folder, name), { force: true }).catch((cause: unknown) => {
      throw fileError('checkpointFolder', `${join(folder, name)} can't be removed`, cause);
    });
  };
  await Promise.all([...old, ...abandoned].map(remove));
}
