/** Modules by graph: equal graphs share one, and the last that nobody uses any more are kept for a while. */
import type { Graph } from '@node-ode/core';
import { graphKey } from './graph-key.ts';
import type { LoadedModule } from './loaded-module.ts';

/** A share in a module. */
export interface Lease {
  /** The module, until the share is released or the cache is cleared. */
  readonly module: LoadedModule;
  /** Gives the share back. Calling it twice is no error. */
  release(): void;
}

interface Entry {
  /** Nothing, once the cache was cleared: a lease that is still held does not keep the code and its memory. */
  loading: Promise<LoadedModule> | undefined;
  /** Set when it has loaded. */
  module: LoadedModule | undefined;
  uses: number;
}

/**
 * @example
 * const modules = new ModuleCache((graph) => loadModule(graph, planGraph, heap), ({ arena }) => heap.release(arena));
 * const lease = await modules.acquire(graph);
 * lease.module.run();
 * lease.release();
 */
export class ModuleCache {
  readonly #load: (graph: Graph) => Promise<LoadedModule>;
  readonly #unload: (module: LoadedModule) => void;
  readonly #unusedLimit: number;
  /** Unused ones in the order in which they became so. */
  readonly #entries = new Map<string, Entry>();

  /** @param unusedLimit how many modules are kept that nobody uses */
  constructor(load: (graph: Graph) => Promise<LoadedModule>, unload: (module: LoadedModule) => void, unusedLimit = 16) {
    this.#load = load;
    this.#unload = unload;
    this.#unusedLimit = unusedLimit;
  }

  /** The module of a graph, loaded unless an equal graph's is there. A failed load is not kept. */
  async acquire(graph: Graph): Promise<Lease> {
    const key = graphKey(graph);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { loading: this.#load(graph), module: undefined, uses: 0 };
      this.#entries.set(key, entry);
    }
    entry.uses++;
    try {
      entry.module = await entry.loading;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
    return this.#lease(key, entry);
  }

  /** Unloads what nobody uses, but for the last `keep`. */
  trim(keep = 0): void {
    const unused = [...this.#entries].filter(([, { uses }]) => uses === 0);
    for (const [key, { module }] of unused.slice(0, Math.max(0, unused.length - keep))) {
      this.#entries.delete(key);
      this.#unload(module as LoadedModule); // only what was loaded is ever given back
    }
  }

  /** Lets go of all modules, used or not, without unloading them: for when their memory is gone. */
  clear(): void {
    for (const entry of this.#entries.values()) entry.loading = entry.module = undefined;
    this.#entries.clear();
  }

  #lease(key: string, entry: Entry): Lease {
    let isHeld = true;
    return {
      get module() {
        return entry.module as LoadedModule;
      },
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        entry.uses--;
        if (entry.uses > 0 || this.#entries.get(key) !== entry) return;
        this.#entries.delete(key);
        this.#entries.set(key, entry);
        this.trim(this.#unusedLimit);
      },
    };
  }
}
