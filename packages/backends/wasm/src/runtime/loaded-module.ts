/** A compiled graph in memory: its arena, its code, and the globals through which a run talks about tapes. */
import { ExecutionError, type Graph } from '@node-ode/core';
import type { CodeModule, PlanGraph } from '../compile/contract.ts';
import type { JobFunction, SharedModule } from '../threads/pool.ts';
import type { Block, Heap } from './heap.ts';

/** Globals that a module and the runtime share, as addresses and counts below 2³². */
export interface TapeGlobals {
  readonly tapeTop: WebAssembly.Global<'i32'>;
  readonly tapePeak: WebAssembly.Global<'i32'>;
  readonly tapeEntries: WebAssembly.Global<'i32'>;
  readonly tapeWanted: WebAssembly.Global<'i32'>;
}

/** What every module exports: see `CodeModule`. */
type ModuleExports = TapeGlobals & { readonly run: () => void } & Readonly<Record<`job${number}`, JobFunction>>;

/** Threads, for modules that share their work. */
export interface Threads {
  /** How many, the calling one included. */
  readonly size: number;
  /** A place for a module. */
  module(): SharedModule;
}

/** A module that can run. It is not re-entrant: whoever runs it sets its words and globals first. */
export interface LoadedModule {
  readonly places: Pick<CodeModule, 'inputs' | 'outputs' | 'reusable' | 'counters'>;
  readonly run: () => void;
  readonly tapes: TapeGlobals;
  readonly arena: Block;
  readonly codeBytes: number;
  /** Gives its memory back. */
  readonly unload: () => void;
}

/**
 * Plans a graph, finds a place for its arena, writes the code and loads it. The arena is cleared first, so that what a
 * module does can't depend on what was there before.
 *
 * @throws UnsupportedError for what the engine does not have; ExecutionError if there is no memory for the arena, or if
 * the host refuses the code.
 */
export async function loadModule(
  graph: Graph,
  planGraph: PlanGraph,
  heap: Heap,
  threads: Threads | undefined,
): Promise<LoadedModule> {
  const plan = planGraph(graph, { threads: threads?.size ?? 1 });
  const arena = heap.allocate('compile', plan.arenaBytes);
  const shared = threads?.module();
  try {
    const code = plan.emit(arena.address);
    const { module, exports } = await instantiate(graph, code, heap, shared);
    const { bytes: memory } = heap.views();
    memory.fill(0, arena.address, arena.address + arena.bytes);
    for (const { address, bytes } of code.data) memory.set(bytes, address);
    const { run, tapeTop, tapePeak, tapeEntries, tapeWanted } = exports;
    const jobs = Array.from({ length: code.jobs }, (_, job) => exports[`job${job}`] as JobFunction);
    if (jobs.length > 0) await shared?.load(module, jobs);
    const { inputs, outputs, reusable, counters } = code;
    return {
      places: { inputs, outputs, reusable, counters },
      run,
      tapes: { tapeTop, tapePeak, tapeEntries, tapeWanted },
      arena,
      codeBytes: code.bytes.length,
      unload: () => {
        shared?.unload();
        heap.release(arena);
      },
    };
  } catch (error) {
    heap.release(arena);
    throw error;
  }
}

/** Without blocking: browsers refuse to compile large modules synchronously on their main thread. */
async function instantiate(
  graph: Graph,
  { bytes }: CodeModule,
  heap: Heap,
  shared: SharedModule | undefined,
): Promise<{ readonly module: WebAssembly.Module; readonly exports: ModuleExports }> {
  try {
    const module = await WebAssembly.compile(bytes);
    const env = { memory: heap.memory, ...(shared === undefined ? {} : { share: shared.share }) };
    const { exports } = await WebAssembly.instantiate(module, { env });
    return { module, exports: exports as WebAssembly.Exports & ModuleExports };
  } catch (cause) {
    heap.demandOpen('compile');
    throw new ExecutionError('compile', `the host refused the code of graph '${graph.name}' (${String(cause)})`, {
      advice:
        'Split the graph if the code is too large for the host; otherwise please report it with printGraph(graph).',
      cause,
    });
  }
}
