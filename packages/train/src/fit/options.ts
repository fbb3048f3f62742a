/** What a training run is made of. */
import {
  OptionError,
  type Dataset,
  type DeviceArray,
  type HostArray,
  type MapLeaves,
  type Random,
} from '@node-ode/core';
import type { Checkpoint, CheckpointStore } from '../checkpoint/checkpoint.ts';
import { datasetBatches, type Batches } from './cursor.ts';
import type { History } from './history.ts';

/** A state as it lies on the device. */
export type OnDevice<State> = MapLeaves<State, HostArray | number, DeviceArray>;

/** A state on the host. */
export type OnHost<State> = MapLeaves<State, HostArray | number, HostArray>;

/** A training step, as `ode.compile` gives it: from a state and a batch to the next state, beside scalars such as the loss. */
export interface TrainStep<State, Batch> {
  run(
    state: State | OnDevice<State>,
    batch: Batch,
  ): Promise<{ readonly result: StepResult<State>; readonly stats: StepStats }>;
}

/** The next state, and the step's scalars. */
export interface StepResult<State> {
  readonly state: OnDevice<State>;
  readonly [scalar: string]: DeviceArray | OnDevice<State>;
}

/** What the solves of a step cost. */
export interface StepStats {
  readonly nfe: number;
  readonly nfeBackward: number;
  readonly accepted: number;
  readonly rejected: number;
}

/** Where training is, after each step. */
export interface Progress extends StepStats {
  /** Steps done, those before a resume included. */
  readonly step: number;
  /** Steps in all, where that is known. */
  readonly steps: number | undefined;
  /** From 0. */
  readonly epoch: number;
  readonly epochs: number | undefined;
  /** The step's scalars, such as `loss`, and metrics computed after it. */
  readonly values: Readonly<Record<string, number>>;
  /** Over the last few steps. */
  readonly stepsPerSecond: number;
  /** Of training, those before a resume included. */
  readonly seconds: number;
}

/** Numbers computed now and then, such as the accuracy on a test set. */
export interface Metrics<State> {
  /** Steps from one computation to the next. */
  readonly every: number;
  compute(state: OnDevice<State>, step: number): Promise<Readonly<Record<string, number>>>;
}

/** When checkpoints are written, and where to. One is always written at the end, on abort and when a step fails. */
export interface Checkpointing {
  readonly store: CheckpointStore;
  /** Steps from one to the next. */
  readonly everySteps?: number;
  /** Seconds from one to the next. */
  readonly everySeconds?: number;
  /** Kept in every checkpoint: what the program wants to find again. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Batches from a data set's split, or made by a function for each epoch. */
export type FitData<Batch> =
  | {
      readonly dataset: Dataset<Batch>;
      readonly batchSize: number;
      /** `train` by default. */
      readonly split?: string;
      /** Leaves out a last batch that is smaller. */
      readonly dropLast?: boolean;
    }
  | { readonly batches: Batches<Batch> };

/** How to train. */
export type FitOptions<State, Batch> = FitData<Batch> & {
  readonly step: TrainStep<NoInfer<State>, NoInfer<Batch>>;
  /** Parameters, optimiser state, …: the first argument of the first step, and what a checkpoint has to fit. */
  readonly state: State;
  /** Steps in all, those before a resume included. */
  readonly steps?: number;
  /** Times through the data; training ends with whichever of both comes first. */
  readonly epochs?: number;
  /** Shuffles the data set, and is what `batches` gets; one of its own is split off. */
  readonly random?: Random;
  /** Called after each step; training waits for it. */
  readonly onProgress?: (progress: Progress) => void | Promise<void>;
  readonly metrics?: Metrics<State>;
  readonly checkpoint?: Checkpointing;
  /** Goes on from this checkpoint, or from the newest one of the store if there is any. */
  readonly resume?: boolean | Checkpoint;
  /** Once aborted, training ends with the step that is under way, and writes a checkpoint. */
  readonly signal?: AbortSignal;
};

/** Where training ended. */
export interface FitResult<State> {
  /** On the host. */
  readonly state: OnHost<State>;
  readonly step: number;
  readonly epoch: number;
  /** Columns `step`, `epoch`, `seconds`, `nfe`, `nfeBackward`, `accepted`, `rejected`, the step's scalars and the metrics. */
  readonly history: History;
  /** Whether the signal ended it. */
  readonly interrupted: boolean;
}

/** @throws OptionError for counts that are none, or when nothing says where training ends. */
export function checkFitOptions<State, Batch>(options: FitOptions<State, Batch>): void {
  const { steps, epochs, metrics, checkpoint, resume } = options;
  if (steps === undefined && epochs === undefined) {
    throw new OptionError('fit', 'neither steps nor epochs', { expected: 'at least one of them' });
  }
  requireCount('steps', steps, 0);
  requireCount('epochs', epochs, 0);
  requireCount('metrics.every', metrics?.every, 1);
  requireCount('checkpoint.everySteps', checkpoint?.everySteps, 1);
  const seconds = checkpoint?.everySeconds;
  if (seconds !== undefined && !(seconds > 0)) {
    throw new OptionError('fit', `checkpoint.everySeconds ${seconds}`, { expected: 'a positive number' });
  }
  if (resume === true && checkpoint === undefined) {
    throw new OptionError('fit', 'resume without a place to resume from', {
      expected: 'checkpoint: { store }, or resume: a checkpoint',
    });
  }
}

function requireCount(name: string, value: number | undefined, least: number): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= least)) {
    throw new OptionError('fit', `${name} ${value}`, { expected: `an integer, at least ${least}` });
  }
}

/** The batches of each epoch, wherever they come from. */
export const batchesOf = <State, Batch>(options: FitOptions<State, Batch>): Batches<Batch> => {
  if ('batches' in options) return options.batches;
  const { dataset, batchSize, split = 'train', dropLast = false } = options;
  return datasetBatches(dataset, { split, batchSize, dropLast, shuffle: options.random !== undefined });
};

/** How many steps there will be, where that is known. */
export function totalSteps<State, Batch>(options: FitOptions<State, Batch>): number | undefined {
  const { steps, epochs } = options;
  if (epochs === undefined || !('dataset' in options)) return steps;
  const { dataset, batchSize, split = 'train', dropLast = false } = options;
  const perEpoch = (dropLast ? Math.floor : Math.ceil)(dataset.size(split) / batchSize);
  return Math.min(steps ?? Infinity, epochs * perEpoch);
}
