/** A traced function over flat lists, compiled once and run on host arrays. */
import { compile, type Backend, type HostArray, type RunCounters, type Tensor } from '@node-ode/core';

/** What one run gave. */
export interface Run {
  readonly outputs: readonly HostArray[];
  /** What the engine counted; undefined for one that does not count. */
  readonly counters: RunCounters | undefined;
}

/** A compiled function of host arrays. */
export type Program = (inputs: readonly HostArray[]) => Promise<Run>;

/** Traces and compiles `fn`; it is traced at the first run, and again for inputs of other shapes. */
export function program(backend: Backend, fn: (inputs: readonly Tensor[]) => readonly Tensor[]): Program {
  const compiled = compile(backend, fn);
  return async (inputs) => {
    const { result, stats } = await compiled.run(inputs);
    const outputs = await Promise.all(result.map((x) => x.read()));
    result.forEach((x) => {
      x.dispose();
    });
    return { outputs, counters: stats.counters };
  };
}
