/** The engine around a compiler: one heap, its arrays and its modules. */
import { checkHostArray, interfaceOf, type Backend, type CompositePrimitive, type Graph } from '@node-ode/core';
import type { PlanGraph } from '../compile/contract.ts';
import { sharingObstacle } from '../threads/host.ts';
import { ThreadPool, type PoolOptions } from '../threads/pool.ts';
import { blockArrays } from './device-array.ts';
import { executable, type Runtime, type WasmExecutable } from './executable.ts';
import { formatBytes, Heap } from './heap.ts';
import { loadModule } from './loaded-module.ts';
import { ModuleCache, type Lease } from './module-cache.ts';

/** What the engine's memory holds, in bytes. */
export interface WasmMemory {
  /** Arrays that are alive, and the arenas of compiled graphs (the last 16 that nobody uses included). */
  readonly liveBytes: number;
  /** The whole WebAssembly memory. It grows and never shrinks: disposing of the backend returns it. */
  readonly reservedBytes: number;
}

/** The threads of the engine. */
export interface WasmThreads {
  /** How many share large products and convolutions now, the calling one included: 1 until a graph was compiled that has any. */
  readonly running: number;
  /** Why there are fewer than were asked for, if there are: without shared memory, say, or once a worker has ended. */
  readonly obstacle: string | undefined;
}

/** The embedded engine. */
export interface WasmBackend extends Backend {
  compile(graph: Graph): Promise<WasmExecutable>;
  /**
   * What the memory holds now.
   *
   * @example
   * const backend = await wasm();
   * const x = await backend.upload(array(new Float32Array(1024)));
   * backend.memory.liveBytes; // 4096
   */
  readonly memory: WasmMemory;
  /**
   * The threads that share the work. Results do not depend on them.
   *
   * @example
   * const backend = await wasm({ threads: 'auto' });
   * const step = await ode.compile(train);
   * await step(state, batch);
   * console.log(backend.threads.running, backend.threads.obstacle);
   */
  readonly threads: WasmThreads;
}

/** What turns a graph into code. */
export interface Compiler {
  readonly planGraph: PlanGraph;
  /** Composite primitives that it keeps whole. */
  readonly composites: readonly CompositePrimitive[];
}

/** What the engine may use of its host. */
export interface Limits {
  readonly maximumBytes: number;
  readonly threads: number;
  /** How threads are started, and how long they may take. */
  readonly workers?: Pick<PoolOptions, 'start' | 'patienceMilliseconds'>;
}

/** Makes the engine: `wasm()` with the compiler as an argument. */
export function wasmBackend({ planGraph, composites }: Compiler, limits: Limits): WasmBackend {
  const name = 'wasm';
  const { heap, threads, obstacle } = openMemory(limits, () => {
    modules.trim();
  });
  const modules = new ModuleCache(
    (graph) => loadModule(graph, planGraph, heap, threads),
    (module) => {
      module.unload();
    },
  );
  const runtime: Runtime = {
    heap,
    threads,
    arrays: blockArrays(name, heap),
    forgotten: new FinalizationRegistry<Lease>((lease) => {
      lease.release();
    }),
  };
  threads?.closeWith(runtime);
  const settle = <T>(compute: () => T): Promise<T> => Promise.resolve().then(compute);
  return {
    name,
    capabilities: { dtypes: ['f32', 'f64', 'i32', 'bool'], composites },
    compile: async (graph) => {
      heap.demandOpen('compile');
      const types = interfaceOf(graph);
      const lease = await modules.acquire(graph);
      heap.demandOpen('compile'); // it may have been closed meanwhile
      return executable(graph, types, lease, runtime);
    },
    upload: (array) =>
      settle(() => {
        heap.demandOpen('upload');
        checkHostArray(array);
        return runtime.arrays.upload(array);
      }),
    download: (array) => settle(() => runtime.arrays.download('download', array)),
    dispose: async () => {
      heap.close();
      modules.clear();
      await threads?.close();
    },
    memory: {
      get liveBytes() {
        return heap.liveBytes;
      },
      get reservedBytes() {
        return heap.reservedBytes;
      },
    },
    threads: {
      get running() {
        return threads?.running ?? 1;
      },
      get obstacle() {
        return threads?.obstacle ?? obstacle;
      },
    },
  };
}

interface OpenMemory {
  readonly heap: Heap;
  /** Undefined for one thread. */
  readonly threads?: ThreadPool;
  /** Why there is one, if more were asked for. */
  readonly obstacle?: string | undefined;
}

/** The engine's memory, shared if there are several threads and the host can share it. */
function openMemory({ maximumBytes, threads, workers }: Limits, reclaim: () => void): OpenMemory {
  let obstacle = threads > 1 ? sharingObstacle() : undefined;
  if (threads > 1 && obstacle === undefined) {
    try {
      const heap = new Heap(maximumBytes, reclaim, true);
      return { heap, threads: new ThreadPool({ threads, memory: heap.memory, ...workers }) };
    } catch {
      obstacle = `this host has no shared memory of ${formatBytes(maximumBytes)}: a smaller maximumBytes may do`;
    }
  }
  return { heap: new Heap(maximumBytes, reclaim), obstacle };
}
