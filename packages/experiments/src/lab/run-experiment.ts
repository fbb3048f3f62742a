/** Runs an experiment: opens its engine, keeps what it has done, writes what it found. */
import { relative, resolve } from 'node:path';
import type { Backend } from '@node-ode/core';
import { describeMachine } from '@node-ode/scripts';
import { requireWritable, type ProgressStream } from '@node-ode/train/node';
import { commandOf, parseCommand, usage, type ExperimentCommand } from './command-line.ts';
import { engines, type EngineName } from './engines.ts';
import type { Experiment } from './experiment.ts';
import type { Lab } from './lab.ts';
import { renderTable, showSeconds, type RunRecord } from './render.ts';
import type { Results } from './results.ts';
import { addSession, openWorkFolder, work, workFolder } from './work-folder.ts';
import { writeResults } from './write-results.ts';

/** What a run talks to. */
export interface ExperimentEnvironment {
  readonly stream: ProgressStream;
  /** Once aborted, the run leaves what it has and ends. */
  readonly signal: AbortSignal;
  /** Where checkpoints and finished work are kept; `output/experiments` by default. */
  readonly workRoot?: string;
}

/**
 * Runs an experiment with the arguments behind its name.
 *
 * @throws OptionError for an option that is not known or out of range; FileError if nothing can be written; whatever the experiment throws.
 */
export async function runExperiment(
  experiment: Experiment,
  args: readonly string[],
  environment: ExperimentEnvironment,
): Promise<{ readonly interrupted: boolean }> {
  const command = parseCommand(experiment, args);
  const { stream, signal, workRoot = 'output/experiments' } = environment;
  if (command.help) {
    stream.write(usage(experiment));
    return { interrupted: false };
  }
  const { quick, engine, prepared, fresh } = command;
  const key = { quick, engine, settings: prepared.decisive };
  const folder = workFolder(workRoot, experiment.name, key);
  await requireWritable('npm run experiment', command.out);
  await openWorkFolder(folder, key, fresh);
  const began = performance.now();
  const session = (): Promise<readonly number[]> => addSession(folder, (performance.now() - began) / 1000);
  try {
    const results = await withLab(command, { folder, stream, signal }, (lab) => prepared.run(lab));
    const record = recordOf(experiment, args, command, await session());
    const files = await writeResults(command.out, record, results);
    stream.write(`\n${[...results.tables.map(renderTable), ...(results.notes ?? [])].join('\n\n')}\n`);
    stream.write(
      `\n${showSeconds(record.sessions.reduce((sum, s) => sum + s, 0))}. In ${shown(command.out)}: ${files.join(', ')}\n`,
    );
    return { interrupted: false };
  } catch (error) {
    await session();
    if (!signal.aborted || error !== signal.reason) throw error;
    stream.write(`Interrupted. What was done is in ${shown(folder)}. Go on with the same command.\n`);
    return { interrupted: true };
  }
}

/** A path as short as can be. */
const shown = (path: string): string => relative('', resolve(path)) || '.';

interface Place {
  readonly folder: string;
  readonly stream: ProgressStream;
  readonly signal: AbortSignal;
}

async function withLab(
  { quick, seeds, engine, threads, data }: ExperimentCommand,
  place: Place,
  run: (lab: Lab) => Promise<Results>,
): Promise<Results> {
  const opened: Backend[] = [];
  const open = async (name: EngineName, count = 1): Promise<Backend> => {
    const backend = await engines[name]({ threads: count });
    opened.push(backend);
    return backend;
  };
  try {
    return await run({
      quick,
      seeds,
      backend: await open(engine, threads),
      engine: { name: engine, threads },
      open,
      data: data === undefined ? {} : { root: data },
      signal: place.signal,
      log: (text) => void place.stream.write(`${text}\n`),
      ...work(place),
    });
  } finally {
    for (const backend of opened) await backend.dispose();
  }
}

function recordOf(
  { name, title, source }: Experiment,
  args: readonly string[],
  { quick, seeds, engine, threads, prepared }: ExperimentCommand,
  sessions: readonly number[],
): RunRecord {
  const { settings } = prepared;
  const command = [
    commandOf(name),
    ...args.map((arg) => (/^[\w=.,/+:-]+$/.test(arg) ? arg : JSON.stringify(arg))),
  ].join(' ');
  return {
    name,
    title,
    source,
    command,
    quick,
    seeds,
    engine,
    threads,
    settings,
    sessions,
    machine: describeMachine(),
  };
}
