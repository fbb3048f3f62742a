/** What an experiment works with. */
import type { Backend } from '@node-ode/core';
import type { LoadOptions } from '@node-ode/datasets/node';
import type { FitOptions, FitResult } from '@node-ode/train';
import type { EngineName } from './engines.ts';

/** What an experiment works with. */
export interface Lab {
  /** Whether this is the run of under two minutes; its options have the values for it already. */
  readonly quick: boolean;
  readonly seeds: readonly number[];
  /** The engine of `--backend`, open until the experiment ends. */
  readonly backend: Backend;
  /** Its name and threads. */
  readonly engine: { readonly name: EngineName; readonly threads: number };
  /** Opens another engine, which is closed when the experiment ends. */
  open(name: EngineName, threads?: number): Promise<Backend>;
  /** What loaders of data sets get: `--data DIR`, or nothing for what NODE_ODE_DATA says. */
  readonly data: Pick<LoadOptions, 'root'>;
  /** Aborted by Ctrl-C. Where long work is neither `train` nor `once`: `signal.throwIfAborted()`. */
  readonly signal: AbortSignal;
  /** A line for whoever watches. */
  log(text: string): void;
  /**
   * `fit` with a progress bar and a checkpoint folder of its own, from which a run that was interrupted goes on. Returns only when
   * training is done.
   *
   * @param id Of this training among all of the experiment, such as `node/seed-0`.
   * @throws what `fit` throws; OptionError if two trainings have one id; the signal's reason once Ctrl-C was pressed.
   */
  train<State, Batch>(id: string, options: LabFitOptions<State, Batch>): Promise<FitResult<State>>;
  /**
   * Work whose result is kept as JSON: a run that goes on reads it instead of computing it again.
   *
   * @throws OptionError if the result is not plain data (numbers, strings, booleans, null, arrays, objects), or if two works have one
   * id; the signal's reason once Ctrl-C was pressed.
   */
  once<T>(id: string, compute: () => T | Promise<T>): Promise<T>;
  /** Whether `once` has the result of some work, of this run or of an earlier one with the same options. */
  isDone(id: string): boolean;
}

/** How to train; where checkpoints go, and what ends it early, is the lab's. */
export type LabFitOptions<State, Batch> = FitOptions<State, Batch> & {
  readonly checkpoint?: never;
  readonly resume?: never;
  readonly signal?: never;
};
