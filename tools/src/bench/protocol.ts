/**
 * What the runner and a worker say to each other: one JSON object a line, a request on the worker's stdin, then its reply
 * on stdout. The workers in Python and JavaScript (`tools/bench`) speak the same.
 */
import type { Problem, Task } from './problem.ts';

/** Trains until the test loss is `target` or below, looking after each `every` steps. */
export interface ReachRequest {
  readonly target: number;
  readonly every: number;
  /** Largest number of training steps. */
  readonly limit: number;
  /** Time after which it gives up. */
  readonly seconds: number;
}

export type Request =
  /** Compiles, solves once and answers. A task that it is a yardstick of, on the same problem, then takes turns with it. */
  | { readonly prepare: Problem; readonly inTurnWith?: Task }
  /** Repeats the unit of work for about this time, once at least; as long again what takes turns with it. */
  | { readonly round: { readonly seconds: number } }
  | { readonly reach: ReachRequest }
  /** Runs the gradient once over other times, and tells how much memory it took. */
  | { readonly memory: { readonly ts: readonly number[] } };

/** Named arrays, flattened. */
export type Answer = Readonly<Record<string, readonly number[]>>;

/** What a solve cost; null where the library does not tell. */
export interface Counts {
  readonly nfe: number | null;
  readonly nfeBackward: number | null;
  /** Steps of the forward solve, accepted and rejected. */
  readonly steps: number | null;
}

/** What runs asked of a backend of tfjs. */
export interface CallCounts {
  readonly kernels: number;
  readonly uploads: number;
  readonly reads: number;
  readonly runs: number;
}

export interface Prepared {
  readonly answer: Answer;
  readonly counts: Counts;
  /** Time of the first run less that of the second: tracing, compiling, loading, ms. */
  readonly compileMs: number;
  /** Time of the second run, ms. */
  readonly runMs: number;
  /** What the engine makes of one step, where the task is steps and the engine tells. */
  readonly nodesPerStep?: number;
  /** What a round asked of tfjs's backend, where the task is kernel calls. */
  readonly calls?: CallCounts;
  /** Versions of what computes, by package. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface Reached {
  readonly reached: boolean;
  readonly iterations: number;
  readonly ms: number;
  readonly loss: number;
}

export interface MemoryUse {
  readonly answer: Answer;
  readonly counts: Counts;
  /** Resident before the run, when everything was loaded and compiled. */
  readonly baseBytes: number;
  /** Largest resident size during it. */
  readonly peakBytes: number;
}

/** Milliseconds of each unit of work; of each that had its turn just before or after, if something takes turns with it. */
export interface RoundTimes {
  readonly times: readonly number[];
  readonly inTurn?: readonly number[];
}

/** Why a worker does not do what it was asked: its engine is not installed, or has no such thing. */
export type Refusal =
  | { readonly unavailable: string }
  | { readonly unsupported: string }
  /** Something that went wrong; the worker is of no more use. */
  | { readonly error: string };

export type Reply =
  { readonly prepared: Prepared } | RoundTimes | { readonly reach: Reached } | { readonly memory: MemoryUse } | Refusal;

/** Whether a reply refuses. */
export const isRefusal = (reply: Reply): reply is Refusal =>
  'unavailable' in reply || 'unsupported' in reply || 'error' in reply;

/** Why, in words. */
export const reasonOf = (refusal: Refusal): string => Object.values(refusal)[0] as string;
