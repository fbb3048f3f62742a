/** What a run found: plain data, as it is written to results.json. */
import type { BenchMachine } from './machine.ts';
import type { CallCounts, Counts, Reached } from './protocol.ts';
import type { Summary } from './statistics.ts';
import type { BenchOptions } from './options.ts';
import type { PeerName } from './contestants.ts';
import type { Task } from './problem.ts';

/** Which contestant a row is about. */
export interface RowKey {
  readonly case: number;
  readonly experiment: string;
  readonly contestant: string;
  readonly peer?: PeerName;
  /** Which yardstick it is; undefined for the experiment itself. */
  readonly yardstick?: string;
  readonly threads: number;
  /** What its figures are about. */
  readonly task: Task['kind'] | 'memory';
}

export interface Measurement {
  readonly status: 'measured';
  /** Of the answer, in tolerances. */
  readonly error: number;
  readonly counts: Counts;
  readonly compileMs: number;
  /** What the engine makes of one step, where the task is steps and the engine tells. */
  readonly nodesPerStep?: number;
  /** What a round asked of tfjs's backend, where the task is kernel calls. */
  readonly calls?: CallCounts;
  /** Milliseconds of a unit of work: the median of each round. */
  readonly rounds: readonly number[];
  readonly ms: Summary;
  /** Of a yardstick: how many times as long the engine took in turn with it, in each round. */
  readonly ratios?: readonly number[];
  readonly reach?: Reached;
}

/** The memory that a gradient took over one span. */
export interface SpanMemory {
  readonly span: number;
  readonly steps: number | null;
  readonly error: number;
  readonly baseBytes: number;
  readonly peakBytes: number;
}

export interface MemoryMeasurement {
  readonly status: 'memory';
  readonly spans: readonly SpanMemory[];
  /** Why there are not more of them. */
  readonly remark?: string;
}

/** Why there are no figures. */
export interface Without {
  /**
   * `unsupported`: not in this library, or not in our script of it; `unavailable`: not installed here; `skipped`: too slow,
   * or no gain; `wrong`: its answer is; `failed`: it crashed or hung.
   */
  readonly status: 'unsupported' | 'unavailable' | 'skipped' | 'wrong' | 'failed';
  readonly reason: string;
}

export type Outcome = Measurement | MemoryMeasurement | Without;

export type Row = RowKey & Outcome;

/** A target of the issue, held against what was measured. */
export interface Verdict {
  readonly case: number;
  readonly experiment: string;
  /** The engine of ours that it is about. */
  readonly engine: string;
  /** What it is compared with: a peer, or a yardstick. */
  readonly rival: string;
  /** How the ratio has to be to the target. It is a peer's time over the engine's, or the engine's over a yardstick's. */
  readonly relation: '≥' | '>' | '≤';
  readonly target: number;
  readonly verdict: 'met' | 'missed' | 'not measured';
  /** The contestant that is compared: of a peer's the fastest. */
  readonly contestant?: string;
  /** Round by round. */
  readonly ratio?: Summary;
  readonly reason?: string;
}

export interface Results {
  readonly machine: BenchMachine;
  readonly options: BenchOptions;
  /** By contestant, each package with its version. */
  readonly versions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Contestants that can not run here, with the reason. */
  readonly unavailable: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly targets: readonly Verdict[];
  readonly isInterrupted: boolean;
}
