/** The engine around a compiler: one heap, its arrays and its modules. */
import { checkHostArray, interfaceOf, type Backend, type CompositePrimitive, type Graph } from '@node-ode/core';
import type { PlanGraph } from '../compile/contract.ts';
import { deviceArrays } from './device-array.ts';
import { executable, type Runtime, type WasmExecutable } from './executable.ts';
import { Heap } from './heap.ts';
import { loadModule } from './loaded-module.ts';
import { ModuleCache, type Lease } from './module-cache.ts';

/** What the engine's memory holds, in bytes. */
export interface WasmMemory {
  /** Arrays that are alive, and the arenas of compiled graphs (the last 16 that nobody uses included). */
  readonly liveBytes: number;
  /** The whole WebAssembly memory. It grows and never shrinks: disposing of the backend returns it. */
  readonly reservedBytes: number;
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
}

/** What turns a graph into code. */
export interface Compiler {
  readonly planGraph: PlanGraph;
  /** Composite primitives that it keeps whole. */
  readonly composites: readonly CompositePrimitive[];
}

/** Makes the engine: `wasm()` with the compiler as an argument. */
export function wasmBackend({ planGraph, composites }: Compiler, maximumBytes: number): WasmBackend {
  const name = 'wasm';
  const heap: Heap = new Heap(maximumBytes, () => {
    modules.trim();
  });
  const modules = new ModuleCache(
    (graph) => loadModule(graph, planGraph, heap),
    ({ arena }) => {
      heap.release(arena);
    },
  );
  const runtime: Runtime = {
    heap,
    arrays: deviceArrays(name, heap),
    forgotten: new FinalizationRegistry<Lease>((lease) => {
      lease.release();
    }),
  };
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
    dispose: () =>
      settle(() => {
        heap.close();
        modules.clear();
      }),
    memory: {
      get liveBytes() {
        return heap.liveBytes;
      },
      get reservedBytes() {
        return heap.reservedBytes;
      },
    },
  };
}
