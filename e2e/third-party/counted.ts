/** A third party's engine: the reference engine, which counts what it is asked to do. */
import { reference } from '@node-ode/backend-reference';
import type { Backend } from '@node-ode/core';

/** What was done. */
export interface Work {
  compiled: number;
  runs: number;
}

/** An engine that adds what it does to `work`. */
export function counted({ work = { compiled: 0, runs: 0 } }: { readonly work?: Work } = {}): Backend {
  const engine = reference();
  return {
    ...engine,
    compile: async (graph) => {
      const { runSync: _, ...executable } = await engine.compile(graph);
      work.compiled += 1;
      return {
        ...executable,
        run: (inputs, options) => {
          work.runs += 1;
          return executable.run(inputs, options);
        },
      };
    },
  };
}
