/** A loaded module behind the contract of an executable: it checks what it is given, runs, and counts. */
import {
  checkInputs,
  ExecutionError,
  type DeviceArray,
  type Executable,
  type Graph,
  type GraphInterface,
  type RunCounters,
  type RunOptions,
} from '@node-ode/core';
import { tensorBytes } from '../compile/types.ts';
import type { ThreadPool } from '../threads/pool.ts';
import type { BlockArrays } from './device-array.ts';
import { formatBytes, type Block, type Heap } from './heap.ts';
import type { LoadedModule } from './loaded-module.ts';
import type { Lease } from './module-cache.ts';

/** What a compiled graph occupies until it is disposed. */
export interface Footprint {
  /** Bytes of the arena: intermediate values, constants and scratch. Tapes come and go with each run. */
  readonly arenaBytes: number;
  /** Bytes of the WebAssembly module. */
  readonly codeBytes: number;
}

/** A compiled graph of the wasm engine. */
export interface WasmExecutable extends Executable {
  /**
   * Memory and code of the module, which executables of equal graphs share.
   *
   * @example
   * const executable = await backend.compile(graph);
   * console.log(executable.footprint.arenaBytes, executable.footprint.codeBytes);
   */
  readonly footprint: Footprint;
  /**
   * Runs the graph in the calling thread. Memory is asked for before anything is computed.
   *
   * A donated array is disposed when the run succeeds. If the run fails, all arrays are as they were: a module writes to a
   * donated input only when nothing can fail any more.
   *
   * @throws ShapeError, DTypeError or OptionError for inputs that do not fit; ExecutionError for arrays that were disposed
   * or belong to another backend, if there is no memory, if a tape can not grow, and if a worker thread does not finish.
   */
  readonly runSync: (inputs: readonly DeviceArray[], options?: RunOptions) => readonly DeviceArray[];
}

/** What executables of a backend share. */
export interface Runtime {
  readonly heap: Heap;
  /** Undefined for one thread. */
  readonly threads: ThreadPool | undefined;
  readonly arrays: BlockArrays;
  /** Releases the leases of executables that were forgotten. */
  readonly forgotten: FinalizationRegistry<Lease>;
}

/** The blocks of one run. */
interface Bindings {
  readonly inputs: readonly Block[];
  readonly outputs: readonly Block[];
  /** The outputs' own blocks. */
  readonly fresh: readonly Block[];
  /** Inputs, by position, whose blocks the other outputs take over. */
  readonly reused: readonly number[];
  /** Bytes of all blocks, each counted once. */
  readonly bytes: number;
  /** Where tapes may begin: behind all blocks. */
  readonly top: number;
}

export function executable(graph: Graph, types: GraphInterface, lease: Lease, runtime: Runtime): WasmExecutable {
  const { heap, threads, arrays, forgotten } = runtime;
  const { arena, codeBytes } = lease.module;
  // Every method refers to this object: while one of them can be called, the lease is not forgotten.
  const state: { lease: Lease | undefined; last: RunCounters | undefined } = { lease, last: undefined };
  forgotten.register(state, lease);

  const runSync = (
    inputs: readonly DeviceArray[],
    { donate = [], signal }: RunOptions = {},
  ): readonly DeviceArray[] => {
    heap.demandOpen('run');
    threads?.demandWhole('run');
    if (state.lease === undefined) {
      throw new ExecutionError('run', `the executable of graph '${graph.name}' was disposed`, {
        advice: 'Compile it again.',
      });
    }
    const { module } = state.lease;
    checkInputs(graph, types.inputs, inputs, donate);
    signal?.throwIfAborted();
    const bindings = bind(types, inputs, donate, module, runtime);
    try {
      execute(module, bindings, heap);
    } catch (cause) {
      // What a lost worker may still write to is not given to anyone else.
      if (threads?.isWhole !== false) for (const block of bindings.fresh) heap.release(block);
      throw failure(graph, module, heap, cause);
    } finally {
      state.last = count(module, bindings, heap);
    }
    for (const i of bindings.reused) arrays.take('run', inputs[i] as DeviceArray);
    for (const i of donate) inputs[i]?.dispose();
    return types.outputs.map(({ shape, dtype }, j) => arrays.make(bindings.outputs[j] as Block, shape, dtype));
  };

  return {
    footprint: { arenaBytes: arena.bytes, codeBytes },
    runSync,
    run: (inputs, options) => Promise.resolve().then(() => runSync(inputs, options)),
    counters: () => state.last,
    dispose: () => {
      state.lease?.release();
      state.lease = undefined;
    },
  };
}

/** Finds the inputs' blocks and one for each output: a donated input's where the module can write there. */
function bind(
  types: GraphInterface,
  arrays: readonly DeviceArray[],
  donate: readonly number[],
  { places }: LoadedModule,
  { heap, arrays: { ownedBy } }: Runtime,
): Bindings {
  const inputs = arrays.map((array) => ownedBy('run', array));
  const uses = new Map<Block, number>();
  for (const block of inputs) uses.set(block, (uses.get(block) ?? 0) + 1);
  const donated = new Set(donate);
  const donors = new Map<number, number>();
  for (const [input, output] of places.reusable) {
    // An array that is another input too has to stay readable to the end.
    if (donated.has(input) && uses.get(inputs[input] as Block) === 1) donors.set(output, input);
  }
  const fresh: Block[] = [];
  const outputs = types.outputs.map((type, j) => {
    const donor = donors.get(j);
    if (donor !== undefined) return inputs[donor] as Block;
    try {
      const block = heap.allocate('run', tensorBytes(type));
      fresh.push(block);
      return block;
    } catch (error) {
      for (const block of fresh) heap.release(block);
      throw error;
    }
  });
  const bytes = [...uses.keys(), ...fresh].reduce((sum, block) => sum + block.bytes, 0);
  return { inputs, outputs, fresh, reused: [...donors.values()], bytes, top: heap.top };
}

/** Tells the module where everything is, and runs it. */
function execute({ places, tapes, run }: LoadedModule, { inputs, outputs, top }: Bindings, heap: Heap): void {
  const { i32: words } = heap.views();
  places.inputs.forEach((address, i) => (words[address / 4] = (inputs[i] as Block).address));
  places.outputs.forEach((address, j) => (words[address / 4] = (outputs[j] as Block).address));
  for (const { address } of places.counters) words[address / 4] = 0;
  tapes.tapeTop.value = top;
  tapes.tapePeak.value = top;
  tapes.tapeEntries.value = 0;
  tapes.tapeWanted.value = 0;
  run();
}

function count({ places, tapes, arena }: LoadedModule, { bytes, top }: Bindings, heap: Heap): RunCounters {
  const { i32: words } = heap.views();
  const calls: Record<string, number> = {};
  for (const { name, address } of places.counters) {
    calls[name] = (calls[name] ?? 0) + ((words[address / 4] as number) >>> 0);
  }
  return {
    calls,
    peakBytes: arena.bytes + bytes + unsigned(tapes.tapePeak) - top,
    tapeEntries: unsigned(tapes.tapeEntries),
  };
}

/** Globals are read as signed numbers; addresses and counts are not signed. */
const unsigned = ({ value }: WebAssembly.Global<'i32'>): number => value >>> 0;

function failure({ name }: Graph, { tapes }: LoadedModule, { maximumBytes }: Heap, cause: unknown): ExecutionError {
  if (cause instanceof ExecutionError) return cause;
  const wanted = unsigned(tapes.tapeWanted);
  if (wanted === 0) {
    return new ExecutionError('run', `graph '${name}' stopped (${String(cause)})`, {
      advice: 'Compiled code does not do that: please report the graph.',
      cause,
    });
  }
  const left = formatBytes(maximumBytes - unsigned(tapes.tapePeak));
  return new ExecutionError(
    'run',
    `a tape of graph '${name}' wanted ${formatBytes(wanted)} more, with ${left} left of ${formatBytes(maximumBytes)}`,
    {
      advice:
        'Take the adjoint gradient, whose memory does not grow with the steps, or larger tolerances, which take fewer, or raise maximumBytes (up to 4 GiB).',
      cause,
    },
  );
}
