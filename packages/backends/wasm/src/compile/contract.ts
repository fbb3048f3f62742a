/** What the compiler gives to the runtime: a plan that says what it needs, then code for a place in memory. */
import type { Graph } from '@node-ode/core';

/** A graph planned for a module: what it needs of memory before code can be written. */
export interface Plan {
  readonly arenaBytes: number;
  /** Writes the code with the arena at this address (a multiple of 16). */
  readonly emit: (arena: number) => CodeModule;
}

/** What a module is for. */
export interface Target {
  /** Threads that a module's work may be shared by, itself included: from two on, its memory is shared. */
  readonly threads: number;
  /** From how many floating-point operations on a step is shared; by default as many as pay. */
  readonly leastWork?: number;
}

/**
 * A module in binary form and where it looks for things in memory.
 *
 * It imports `env.memory` and, for several threads, `env.share(job, parts)`, which calls the exported function `job0`, `job1`, …
 * of that number, (part, thread), once for each part, on whichever threads there are, and returns when all parts are done.
 * It exports the function `run()` and mutable i32 globals, all unsigned: `tapeTop`, the first
 * address that tapes may use; `tapePeak`, the end of the highest that they used; `tapeEntries`, the length of the longest;
 * and `tapeWanted`, the bytes that a tape could not get, before the module traps. Tapes grow upwards from `tapeTop`, and
 * the module grows the memory for them. The runtime sets all four before each run.
 */
export interface CodeModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * Absolute addresses of i32 words: before a run, word `inputs[i]` is set to the address of input i's data and `outputs[j]`
   * to where output j is to be written. Scalars too are passed by address.
   */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Output j may be written where input i is, if that input is donated: pairs [i, j], at most one for each input and output. */
  readonly reusable: readonly (readonly [number, number])[];
  /** Absolute addresses of u32 counters of calls, by graph name; zeroed before each run by the runtime. */
  readonly counters: readonly { readonly name: string; readonly address: number }[];
  /** How many jobs it exports. */
  readonly jobs: number;
  /** Bytes written into the arena when the module is loaded (constants). */
  readonly data: readonly { readonly address: number; readonly bytes: Uint8Array }[];
}

/**
 * The compiler, as the runtime sees it.
 *
 * @throws UnsupportedError naming an operation or a dtype that the engine does not have.
 */
export type PlanGraph = (graph: Graph, target: Target) => Plan;
