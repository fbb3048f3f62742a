/** A training run: from a configuration to a model's file. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { random } from '@node-ode/core';
import { fit, type Checkpoint, type FitResult, type Progress } from '@node-ode/train';
import { checkpointFolder, requireWritable, writeFileAtomically } from '@node-ode/train/node';
import type { Optimizer } from '@node-ode/nn';
import type { Config } from '../config/config.ts';
import { loadProblem } from '../data/load.ts';
import { isSeriesProblem, type Problem } from '../data/problem.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { openEngine, trainedDefaults, type Engine } from '../ode/engine.ts';
import { makePlugin } from '../plugins/make.ts';
import type { Description } from '../trained/description.ts';
import { modelFile, writeModel } from '../trained/model-file.ts';
import { learnerOf, type Learner } from './learner.ts';
import { checkpointsIn, configOfCheckpoint, metadataOf } from './run-folder.ts';
import { trainingOf, type State, type StepBatch, type Training } from './step.ts';

/** What a configuration has unless it says something else. */
export const trainDefaults = { optimizer: 'adam', learningRate: 1e-2, epochs: 100, batchSize: 64, seed: 0 } as const;

/** How a run is watched. */
export interface TrainEvents {
  /** Before the first step. */
  readonly onStart: (start: TrainStart) => void;
  readonly onProgress: (progress: Progress) => void;
}

/** What is about to be trained. */
export interface TrainStart {
  readonly task: string;
  readonly samples: number;
  readonly parameters: number;
  readonly engine: string;
  /** Columns of the file that nothing is learned from. */
  readonly leftOut: readonly string[];
  /** The step that training goes on from. */
  readonly from: number;
}

/** How a run ended. */
export interface TrainResult {
  readonly interrupted: boolean;
  readonly steps: number;
  readonly seconds: number;
  /** The mean of the last epoch's; null if there was no step. */
  readonly loss: number | null;
  /** The model's file, if training came to its end. */
  readonly model: string | undefined;
  /** Whether there is something held out to evaluate it on. */
  readonly hasTest: boolean;
}

/**
 * Trains. A run that was ended at any moment, and in any way, goes on with `resume`, bit for bit.
 *
 * @param out The folder of the model, its checkpoints and the history.
 * @throws UsageError if the folder has another run, or one that is not resumed; StepError if a step fails; what reading data throws.
 */
export async function train(
  config: Config,
  out: string,
  { resume }: { readonly resume: boolean },
  events: TrainEvents,
  io: Io,
): Promise<TrainResult> {
  await requireWritable('train', out);
  const store = checkpointFolder(checkpointsIn(out), {
    ...(config.checkpoint?.keep === undefined ? {} : { keep: config.checkpoint.keep }),
    warn: (message) => void io.stderr.write(`${message}\n`),
  });
  const checkpoint = await store.latest();
  if (checkpoint !== undefined) requireSameRun(checkpoint, config, out, resume);
  const problem = await loadProblem(config, io);
  const { value: plugin, found } = await makePlugin('model', config.model, io);
  const engine = await openEngine(config, trainedDefaults, io);
  try {
    const { seed = trainDefaults.seed } = config;
    const learner = learnerOf(problem, { plugin, ode: engine.ode, dtype: engine.dtype }, config.data.window);
    const optimizer = await optimizerOf(config, learner, io);
    const training = trainingOf(learner, engine.ode, { optimizer, clip: config.clip, random: random(seed) });
    events.onStart(startOf(problem, learner, training, engine, checkpoint));
    io.stepDone?.();
    const result = await runFit({ config, out, learner, training, store, checkpoint, events, io });
    io.stepsOver?.();
    training.step.dispose();
    const summary = summaryOf(result);
    if (result.interrupted) return { interrupted: true, ...summary, model: undefined, hasTest: false };
    const model = join(out, modelFile);
    await writeModel(model, training.paramsOf(result.state.params), {
      config,
      info: problem.info,
      training: summary,
      made: { model: found.source, version: found.version ?? null },
    } satisfies Description);
    await writeFileAtomically('train', join(out, 'history.csv'), historyCsv(result));
    return { interrupted: false, ...summary, model, hasTest: hasTest(problem) };
  } finally {
    await engine.dispose();
  }
}

const hasTest = (problem: Problem): boolean =>
  isSeriesProblem(problem) ? problem.test.length > 0 : problem.splits['test'] !== undefined;

/** Forgets the run of a folder. */
export async function forgetRun(out: string): Promise<void> {
  await rm(checkpointsIn(out), { recursive: true, force: true });
  await rm(join(out, modelFile), { force: true });
}

interface FitParts {
  readonly config: Config;
  readonly out: string;
  readonly learner: Learner;
  readonly training: Training;
  readonly store: ReturnType<typeof checkpointFolder>;
  readonly checkpoint: Checkpoint | undefined;
  readonly events: TrainEvents;
  readonly io: Io;
}

function runFit({
  config,
  out,
  learner,
  training,
  store,
  checkpoint,
  events,
  io,
}: FitParts): Promise<FitResult<State>> {
  const { batchSize = trainDefaults.batchSize, seed = trainDefaults.seed } = config;
  const { everySteps, everySeconds = 10 } = config.checkpoint ?? {};
  const limits = limitsOf(config, learner);
  return fit<State, StepBatch>({
    step: training.step,
    state: training.state,
    batches: function* ({ random: source }) {
      for (const data of learner.epoch(source, batchSize)) yield training.batchOf(data, source);
    },
    ...limits,
    random: random(seed).split(),
    checkpoint: {
      store,
      everySeconds,
      ...(everySteps === undefined ? {} : { everySteps }),
      metadata: metadataOf(config, out),
    },
    resume: checkpoint ?? false,
    signal: io.signal,
    onProgress: (progress) => {
      io.stepDone?.();
      events.onProgress({ ...progress, steps: limits.steps });
    },
  });
}

/** How many steps there will be. */
function limitsOf(
  { steps, epochs, batchSize = trainDefaults.batchSize }: Config,
  { samples }: Learner,
): { readonly steps: number } {
  const perEpoch = Math.ceil(samples / batchSize);
  const ofEpochs = epochs === undefined && steps !== undefined ? Infinity : (epochs ?? trainDefaults.epochs) * perEpoch;
  return { steps: Math.min(steps ?? Infinity, ofEpochs) };
}

async function optimizerOf(config: Config, learner: Learner, io: Io): Promise<Optimizer> {
  const { learningRate = trainDefaults.learningRate, schedule, optimizer = trainDefaults.optimizer } = config;
  const { steps } = limitsOf(config, learner);
  const rate =
    schedule === undefined
      ? learningRate
      : (await makePlugin('schedule', schedule, io, { defaults: { initial: learningRate, to: learningRate, steps } }))
          .value;
  return (await makePlugin('optimizer', optimizer, io, { defaults: { learningRate: rate } })).value;
}

/** Entries that a run may be resumed with other values of. */
const free = new Set(['epochs', 'steps', 'out', 'checkpoint', '$schema', 'backend']);

/** @throws UsageError unless the checkpoint may be gone on from. */
function requireSameRun(checkpoint: Checkpoint, config: Config, out: string, resume: boolean): void {
  if (!resume) {
    throw new UsageError('train', `${out} has the checkpoints of a run, of step ${checkpoint.step}`, {
      expected: 'another folder',
      advice: 'Go on with --resume, forget that run with --overwrite, or name another folder with --out.',
    });
  }
  const before = configOfCheckpoint(checkpoint, out);
  const now: Readonly<Record<string, unknown>> = { ...config };
  const differs = [...new Set([...Object.keys(before), ...Object.keys(now)])].find(
    (key) => !free.has(key) && JSON.stringify(before[key]) !== JSON.stringify(now[key]),
  );
  if (differs === undefined) return;
  throw new UsageError('train', `--resume with ${differs} ${JSON.stringify(now[differs]) ?? 'left out'}`, {
    expected: `${JSON.stringify(before[differs]) ?? 'none'}, as the run in ${out}`,
    advice: 'Start anew in another folder, or with --overwrite.',
  });
}

const startOf = (
  { info, leftOut = [] }: Problem,
  learner: Learner,
  { state }: Training,
  engine: Engine,
  checkpoint: Checkpoint | undefined,
): TrainStart => ({
  task: info.task,
  samples: learner.samples,
  parameters: state.params.reduce((sum, { data }) => sum + data.length, 0),
  engine: engine.description,
  leftOut,
  from: checkpoint?.step ?? 0,
});

function summaryOf({ step, history }: FitResult<State>): { steps: number; seconds: number; loss: number | null } {
  const losses = history['loss'] ?? [];
  const epochs = history['epoch'] ?? [];
  const last = losses.filter((_, i) => epochs[i] === epochs.at(-1));
  const loss = last.length === 0 ? null : last.reduce((sum, value) => sum + value, 0) / last.length;
  return { steps: step, seconds: history['seconds']?.at(-1) ?? 0, loss };
}

/** Columns of numbers need no quotes. */
function historyCsv({ history }: FitResult<State>): string {
  const columns = Object.entries(history);
  const rows = (columns[0]?.[1] ?? []).map((_, i) => columns.map(([, values]) => values[i]).join(','));
  return [columns.map(([name]) => name).join(','), ...rows, ''].join('\n');
}
