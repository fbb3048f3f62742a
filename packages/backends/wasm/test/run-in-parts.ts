/** Runs graphs planned for several threads on one, with the parts of jobs backwards, each on another thread's scratch memory. */
import { tensorType, type Graph, type HostArray, type TensorType } from '@node-ode/core';
import { planGraph } from '../src/compile/index.ts';
import { tensorBytes } from '../src/compile/types.ts';
import { readElements, writeElements } from '../src/runtime/elements.ts';
import { Heap } from '../src/runtime/heap.ts';
import { loadModule, type Threads } from '../src/runtime/loaded-module.ts';
import type { JobFunction } from '../src/threads/pool.ts';

/** The results, and how many parts were done. */
export interface RunInParts {
  readonly results: readonly HostArray[];
  readonly parts: number;
}

export async function runInParts(graph: Graph, inputs: readonly HostArray[], size: number): Promise<RunInParts> {
  let done = 0;
  let jobs: readonly JobFunction[] = [];
  const threads: Threads = {
    size,
    module: () => ({
      share: (job, parts) => {
        for (let part = parts - 1; part >= 0; part--) jobs[job]!(part, done++ % size);
      },
      load: (_module, functions) => {
        jobs = functions;
        return Promise.resolve();
      },
      unload: () => undefined,
    }),
  };
  const heap = new Heap(2 ** 28, undefined, true);
  const { places, run, tapes } = await loadModule(graph, planGraph, heap, threads);
  const given = inputs.map((input) => {
    const block = heap.allocate('test', tensorBytes(tensorType(input.shape, input.dtype)));
    writeElements(heap, block, input);
    return block;
  });
  const types = graph.outputs.map(({ type }) => type as TensorType);
  const outputs = types.map((type) => heap.allocate('test', tensorBytes(type)));
  const { i32: words } = heap.views();
  places.inputs.forEach((address, i) => (words[address / 4] = given[i]!.address));
  places.outputs.forEach((address, j) => (words[address / 4] = outputs[j]!.address));
  tapes.tapeTop.value = heap.top;
  run();
  return { results: types.map(({ shape, dtype }, j) => readElements(heap, outputs[j]!, shape, dtype)), parts: done };
}
