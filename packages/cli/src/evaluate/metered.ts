/** What runs cost. */
import type { HostArray } from '@node-ode/core';
import type { Runner } from './loaded.ts';

/** The cost of all runs so far. */
export interface Cost {
  /** Function evaluations: the mean over runs. */
  readonly nfe: number;
  /** Of all runs together, compilation not included. */
  readonly seconds: number;
}

/** A runner that measures. */
export interface MeteredRunner extends Runner {
  cost(): Cost;
}

/** Measures a runner. Inputs of new shapes are run once before, as they are compiled then. */
export function metered(runner: Runner): MeteredRunner {
  const compiled = new Set<string>();
  const total = { runs: 0, nfe: 0, seconds: 0 };
  const run = async (inputs: readonly HostArray[]): ReturnType<Runner['run']> => {
    const shapes = JSON.stringify(inputs.map(({ shape }) => shape));
    if (!compiled.has(shapes)) await runner.run(inputs);
    compiled.add(shapes);
    const start = performance.now();
    const ran = await runner.run(inputs);
    total.seconds += (performance.now() - start) / 1000;
    total.nfe += ran.nfe;
    total.runs += 1;
    return ran;
  };
  return {
    run,
    cost: () => ({ nfe: total.nfe / total.runs, seconds: total.seconds }),
    dispose: () => runner.dispose(),
  };
}
