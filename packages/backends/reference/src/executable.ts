/** A planned graph behind the contract of an executable: it checks what it is given, runs, and counts. */
import {
  checkInputs,
  ExecutionError,
  interfaceOf,
  type DeviceArray,
  type DeviceArrays,
  type Executable,
  type Graph,
  type HostArray,
  type RunCounters,
  type RunOptions,
} from '@node-ode/core';
import type { Buffer, Memory } from './memory.ts';
import { Plan, type Planner } from './plan.ts';
import type { RunState } from './site.ts';

/** Plans a graph with its subgraphs, each once. */
export function executable(graph: Graph, memory: Memory, arrays: DeviceArrays<Buffer, HostArray>): Executable {
  const { inputs: types, outputs: results } = interfaceOf(graph);
  const run: RunState = { signal: undefined, tapeEntries: 0, calls: new Map<string, { count: number }>() };
  const plans = new Map<Graph, Plan>();
  const kept: Buffer[] = [];
  const planner: Planner = {
    memory,
    run,
    planOf: (subgraph) => {
      let plan = plans.get(subgraph);
      if (plan === undefined) plans.set(subgraph, (plan = new Plan(subgraph, planner)));
      return plan;
    },
    keep: (shelf) => {
      const buffer = memory.take(shelf);
      kept.push(buffer);
      return buffer;
    },
  };
  const main = planner.planOf(graph);
  const keptBytes = kept.reduce((bytes, { shelf }) => bytes + shelf.bytes, 0);
  let last: RunCounters | undefined;
  let disposed = false;

  const count = (): RunCounters => ({
    calls: Object.fromEntries([...run.calls].map(([name, { count: executions }]) => [name, executions])),
    peakBytes: memory.peak,
    tapeEntries: run.tapeEntries,
  });

  const runSync = (
    inputs: readonly DeviceArray[],
    { donate = [], signal }: RunOptions = {},
  ): readonly DeviceArray[] => {
    if (disposed) {
      throw new ExecutionError('run', `the executable of graph '${graph.name}' was disposed`, {
        advice: 'Compile it again.',
      });
    }
    checkInputs(graph, types, inputs, donate);
    signal?.throwIfAborted();
    const buffers = inputs.map((array) => arrays.ownedBy('run', array));
    const distinct = [...new Set(buffers)];
    const refs = distinct.map((buffer) => buffer.refs);
    memory.begin(distinct.reduce((bytes, { shelf }) => bytes + shelf.bytes, keptBytes));
    for (const counter of run.calls.values()) counter.count = 0;
    run.tapeEntries = 0;
    run.signal = signal;
    let outputs: readonly DeviceArray[];
    try {
      buffers.forEach((buffer, i) => {
        main.lend(i, buffer);
      });
      main.execute();
      outputs = results.map(({ shape, dtype }, i) => arrays.make(main.collect(i) as Buffer, shape, dtype));
    } catch (error) {
      // What the run made goes to the garbage collector; what it was given is as it was: nobody but the only owner of a
      // buffer writes to it, and the callers' arrays are owners.
      for (const plan of plans.values()) for (const slot of plan.slots) slot.value = undefined;
      for (const buffer of kept) buffer.refs = 1;
      distinct.forEach((buffer, i) => (buffer.refs = refs[i]!));
      throw error instanceof RangeError ? outOfMemory(graph, error) : error;
    } finally {
      run.signal = undefined;
      last = count();
    }
    for (const i of donate) inputs[i]!.dispose();
    return outputs;
  };

  return {
    runSync,
    run: (inputs, options) => Promise.resolve().then(() => runSync(inputs, options)),
    counters: () => last,
    dispose: () => {
      if (!disposed) for (const buffer of kept) memory.release(buffer);
      disposed = true;
    },
  };
}

const outOfMemory = (graph: Graph, cause: RangeError): ExecutionError =>
  new ExecutionError('run', `graph '${graph.name}' ran out of memory (${cause.message})`, {
    advice: 'Take a smaller batch, or the adjoint gradient, whose memory does not grow with the steps.',
    cause,
  });
