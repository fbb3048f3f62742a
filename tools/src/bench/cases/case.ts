/** The contract of a benchmark case. Its file is all that a case needs, next to dynamics that the workers know. */
import type { Tolerances } from '../compare.ts';
import type { GradientTask, Problem, Task } from '../problem.ts';
import type { Counts, ReachRequest } from '../protocol.ts';
import type { PeerName } from '../contestants.ts';

/** How many times as long a peer has to take as an engine of this library, one thread each. */
export interface PeerTarget {
  readonly peer: PeerName;
  /** Which of the peer's contestants; the fastest by default. */
  readonly contestant?: string;
  readonly ratio: number;
  /** Whether the ratio itself will not do. */
  readonly isStrict?: boolean;
  /** The WebAssembly engine by default. */
  readonly engine?: string;
}

/** Another program of an engine of this library, with what the experiment costs that engine as a multiple of it. */
export interface Yardstick {
  /** What it is, behind the engine's name. */
  readonly name: string;
  readonly engine: string;
  /** The largest multiple that will do. */
  readonly ratio: number;
  /** What it does instead of the experiment's task, which took the engine so many evaluations and steps. */
  readonly task: (counts: Counts) => Task;
}

interface Measured<P extends Problem> {
  /** What the rows of the table are called: forward, adjoint, backprop. */
  readonly name: string;
  readonly problem: P;
  /** Largest error of an answer, in units of atol + rtol·max|reference|. */
  readonly bound: number;
  /** The tolerances of those units, if they are not the problem's: where answers are far smaller than states. */
  readonly units?: Tolerances;
}

/** Timed in rounds. */
export interface TimedExperiment extends Measured<Problem> {
  readonly kind: 'timed';
  readonly targets: readonly PeerTarget[];
  readonly yardsticks?: readonly Yardstick[];
  /** Whether it is about this library's engines alone; no peer can do it. */
  readonly isInternal?: boolean;
  /**
   * Whom it would take minutes: they sit out. Without the reference engine, reference answers are the WebAssembly engine's.
   */
  readonly tooHeavyFor?: readonly string[];
  /** Seconds that a round may take of those that may be slow, where that is longer than usual. */
  readonly longestRound?: number;
  /** Trains to a test loss as well. */
  readonly reach?: ReachRequest;
}

/** The peak resident size over several spans of time, each in a process of its own. */
export interface MemoryExperiment extends Measured<Problem & { readonly task: GradientTask }> {
  readonly kind: 'memory';
  readonly spans: readonly number[];
}

export type Experiment = TimedExperiment | MemoryExperiment;

export interface BenchCase {
  readonly id: number;
  readonly title: string;
  /** The problem in a sentence or two. */
  readonly description: string;
  /** `quick` asks for what is over in a minute: shorter, never another problem. */
  experiments(quick: boolean): readonly Experiment[];
}

/** Global errors are sums of local ones that were held to the tolerance, and of rounding: this many tolerances are allowed. */
export const usualBound = 200;

/** Steps that diffrax allows by default: enough for every case. */
export const maxSteps = 4096;
