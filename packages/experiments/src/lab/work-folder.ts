/** Where an experiment keeps what it has done, so that it goes on where it was interrupted. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OptionError } from '@node-ode/core';
import { fit } from '@node-ode/train';
import { checkpointFolder, progressBar, writeFileAtomically, type ProgressStream } from '@node-ode/train/node';
import type { Lab } from './lab.ts';
import { decodePlain, encodePlain } from './plain-data.ts';

/** What decides an experiment's results; the number of seeds does not: more of them go on with what the first ones did. */
export interface RunKey {
  readonly quick: boolean;
  readonly engine: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The folder of a run: one for each combination of settings, so that none takes another's results for its own. */
export function workFolder(root: string, name: string, { quick, engine, settings }: RunKey): string {
  const sorted = Object.fromEntries(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
  const digest = createHash('sha256')
    .update(JSON.stringify({ engine, settings: sorted }))
    .digest('hex')
    .slice(0, 8);
  return join(root, name, `${quick ? 'quick' : 'full'}-${digest}`);
}

/** Makes the folder, empty where a fresh start is asked for. */
export async function openWorkFolder(folder: string, key: RunKey, fresh: boolean): Promise<void> {
  if (fresh) await rm(folder, { recursive: true, force: true });
  await writeWhole(join(folder, 'settings.json'), `${JSON.stringify(key, undefined, 2)}\n`);
}

/** Adds a session to those of earlier, interrupted ones; gives all seconds of work on this run. */
export async function addSession(folder: string, seconds: number): Promise<readonly number[]> {
  const file = join(folder, 'sessions.json');
  const earlier = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as number[]) : [];
  const all = [...earlier, seconds];
  await writeWhole(file, JSON.stringify(all));
  return all;
}

/** What `train` and `once` need. */
export interface WorkContext {
  readonly folder: string;
  readonly stream: ProgressStream;
  readonly signal: AbortSignal;
}

/** What the lab keeps in a folder. */
export function work({ folder, stream, signal }: WorkContext): Pick<Lab, 'train' | 'once' | 'isDone'> {
  const [trainings, works] = [new Set<string>(), new Set<string>()];
  const resultFile = (id: string): string => join(folder, 'done', `${id}.json`);
  return {
    train: async (id, options) => {
      claim('lab.train', id, trainings);
      signal.throwIfAborted();
      const { onProgress } = options;
      const bar = progressBar({ stream });
      const store = checkpointFolder(join(folder, 'checkpoints', id), { keep: 1 });
      stream.write(`· ${id}\n`);
      const result = await fit({
        ...options,
        checkpoint: { store, everySeconds: 20 },
        resume: true,
        signal,
        onProgress: async (progress) => {
          bar.update(progress);
          await onProgress?.(progress);
        },
      }).finally(bar.stop);
      if (result.interrupted) signal.throwIfAborted();
      return result;
    },
    once: async <T>(id: string, compute: () => T | Promise<T>) => {
      claim('lab.once', id, works);
      const file = resultFile(id);
      // What the file has is what this very call wrote, in an earlier session.
      if (existsSync(file)) return decodePlain(await readFile(file, 'utf8')) as T;
      signal.throwIfAborted();
      const result = await compute();
      await writeWhole(file, encodePlain(`lab.once(“${id}”)`, result));
      return result;
    },
    isDone: (id) => existsSync(resultFile(id)),
  };
}

const part = '[\\w=.,+-]*\\w[\\w=.,+-]*';
const idPattern = new RegExp(`^${part}(/${part})*$`);

function claim(operation: string, id: string, taken: Set<string>): void {
  if (!idPattern.test(id)) {
    throw new OptionError(operation, `id “${id}”`, { expected: 'letters, digits, =.,+-_ and / between its parts' });
  }
  if (taken.has(id)) {
    throw new OptionError(operation, `two with the id “${id}”`, { expected: 'an id of its own for each' });
  }
  taken.add(id);
}

/** Writes a file, and the folder it is in if need be: a reader sees all of it or none. */
export const writeWhole = (path: string, text: string): Promise<void> =>
  writeFileAtomically('npm run experiment', path, text);
