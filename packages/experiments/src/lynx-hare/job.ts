/** The main job: trains on the lynx–hare record, forecasts the years held out, and leaves figures and parameters. */
import { rm } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { OptionError, type Backend } from '@node-ode/core';
import { fit, type Checkpoint, type FitResult } from '@node-ode/train';
import { checkpointFolder, progressBar, requireWritable, type ProgressStream } from '@node-ode/train/node';
import { backends } from './backends.ts';
import { defaultOut, defaults, type Command } from './command-line.ts';
import { curriculum, type Batch } from './curriculum.ts';
import { evaluate, type Evaluation } from './evaluate.ts';
import { createExperiment, type Experiment, type Params, type Settings, type State } from './model.ts';
import { lynxHareProblem, type Problem } from './problem.ts';
import { describeScores, writeResults } from './report.ts';

/** What the job talks to. */
export interface JobEnvironment {
  readonly stream: ProgressStream;
  /** Once aborted, the job leaves a checkpoint and ends. */
  readonly signal: AbortSignal;
}

/** How the job ended. */
export type JobResult =
  | { readonly interrupted: true; readonly step: number }
  | { readonly interrupted: false; readonly step: number; readonly params: Params; readonly evaluation: Evaluation };

/**
 * Runs the job.
 *
 * @throws OptionError if a run that is resumed was made with other settings; FileError if nothing can be written.
 */
export async function runJob(
  { settings: given, out, resume }: Omit<Command, 'help'>,
  environment: JobEnvironment,
): Promise<JobResult> {
  const say = sayTo(environment);
  await requireWritable('npm start', out);
  const folder = join(out, 'checkpoints');
  const checkpoint = resume ? await checkpointFolder(folder).latest() : undefined;
  if (resume && checkpoint === undefined) say(`No checkpoint in ${shown(folder)}: starting anew.`);
  if (!resume) await rm(folder, { recursive: true, force: true });
  const settings = settingsOf(given, checkpoint);
  const backend = await backends[settings.backend]();
  try {
    return await runOn(backend, settings, { ...environment, out, folder, checkpoint });
  } finally {
    await backend.dispose();
  }
}

/** Where a run goes on from and what it leaves. */
interface Place extends JobEnvironment {
  readonly out: string;
  /** Of the checkpoints. */
  readonly folder: string;
  readonly checkpoint: Checkpoint | undefined;
}

async function runOn(backend: Backend, settings: Settings, place: Place): Promise<JobResult> {
  const { out, folder, checkpoint } = place;
  const say = sayTo(place);
  const problem = lynxHareProblem();
  const experiment = createExperiment(problem, settings, backend);
  say(introduction(problem, settings, checkpoint));

  const result = await train(problem, experiment, settings, place);
  if (result.interrupted) {
    say(`Interrupted after step ${result.step} of ${settings.steps}. The checkpoint is in ${shown(folder)}.`);
    say(`Go on with: npm start -- --resume${out === defaultOut ? '' : ` --out ${JSON.stringify(out)}`}`);
    return { interrupted: true, step: result.step };
  }
  const params = result.state.params;
  const evaluation = await evaluate(problem, experiment, params);
  const files = await writeResults(out, { problem, experiment, settings, result, params, evaluation });
  say(`\n${describeScores(problem, evaluation)}\n\nIn ${shown(out)}:`);
  const width = Math.max(...files.map(([file]) => file.length));
  for (const [file, content] of files) say(`  ${file.padEnd(width)}  ${content}`);
  return { interrupted: false, step: result.step, params, evaluation };
}

const sayTo =
  ({ stream }: JobEnvironment) =>
  (text: string): void =>
    void stream.write(`${text}\n`);

/** A path as short as can be. */
const shown = (path: string): string => relative('', resolve(path)) || '.';

/** What was given, what the checkpoint's run was made with, and defaults. */
function settingsOf(given: Partial<Settings>, checkpoint: Checkpoint | undefined): Settings {
  if (checkpoint === undefined) return { ...defaults, ...given };
  const saved = JSON.parse(checkpoint.metadata['settings'] ?? '{}') as Omit<Settings, 'backend'> & Partial<Settings>;
  // Before there was a choice, runs were made on the reference engine.
  const earlier: Settings = { ...saved, backend: saved.backend ?? 'reference' };
  for (const [name, value] of Object.entries(given)) {
    if (earlier[name as keyof Settings] !== value) {
      throw new OptionError('npm start', `--resume with --${name} ${value}`, {
        expected: `${earlier[name as keyof Settings]}, as the run that is resumed`,
        advice: 'Leave the option out, or start anew without --resume.',
      });
    }
  }
  return earlier;
}

const introduction = (
  { trainYears, testYears }: Problem,
  { steps, seed, rtol, atol, backend }: Settings,
  checkpoint: Checkpoint | undefined,
): string =>
  [
    `A Neural ODE of the Hudson Bay lynx–hare record: ${trainYears[0]}–${trainYears.at(-1)} to train on, ` +
      `${testYears[0]}–${testYears.at(-1)} held out.`,
    `dopri5, rtol ${rtol}, atol ${atol}; adjoint gradient; ${backend} engine; seed ${seed}; ` +
      (checkpoint === undefined ? `${steps} steps.` : `going on after step ${checkpoint.step} of ${steps}.`),
  ].join('\n');

async function train(
  problem: Problem,
  { state, step }: Experiment,
  settings: Settings,
  { folder, checkpoint, stream, signal }: Place,
): Promise<FitResult<State>> {
  const batchAt = curriculum(problem, settings.steps);
  const bar = progressBar({ stream, lineEvery: 3 });
  try {
    return await fit<State, Batch>({
      step,
      state,
      batches: ({ epoch }) => [batchAt(epoch)],
      steps: settings.steps,
      checkpoint: {
        store: checkpointFolder(folder),
        everySeconds: 10,
        metadata: { settings: JSON.stringify(settings) },
      },
      resume: checkpoint ?? false,
      signal,
      onProgress: bar.update,
    });
  } finally {
    bar.stop();
  }
}
