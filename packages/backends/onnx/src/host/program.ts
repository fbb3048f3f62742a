/** A lowered graph as a program that JavaScript drives, on whatever runs its segments. */
import type { Graph, RunCounters } from '@node-ode/core';
import type { OrtValue, Placement as Placed, Program } from '../runtime/contract.ts';
import type { LoadedSegment } from './instructions.ts';
import { layOut, type Layout } from './layout.ts';
import type { Segment } from './partition.ts';
import { planOf, type Plan } from './plan.ts';
import { bytesOf, Frame, type Held, type Transfers } from './registers.ts';
import { runBlock } from './run.ts';
import { flatten } from './flatten.ts';

/** Makes segments ready for a device. */
export interface SegmentLoader {
  /** Name of what runs them, for the report of where things ran. */
  readonly provider: string;
  load(segment: Segment): Promise<LoadedSegment>;
}

/** Plans a graph and loads its segments. */
export async function programOf(graph: Graph, runtime: Transfers, loader: SegmentLoader): Promise<Program> {
  const layout = layOut(flatten(graph));
  const loaded = await loadAll(layout.segments, loader);
  const plan = planOf(layout, loaded);
  let counters: RunCounters | undefined;
  return {
    placement: placementOf(layout, loader.provider),
    run: async (inputs, signal) => {
      signal?.throwIfAborted();
      const frame = new Frame(runtime, signal, plan.initial, { resources: plan.resources, calls: plan.called.length });
      try {
        return await runPlan(plan, frame, inputs);
      } finally {
        frame.clearAll();
        counters = countersOf(plan, frame);
      }
    },
    counters: () => counters,
    dispose: async () => {
      for (const segment of loaded.values()) await segment.release();
      loaded.clear();
    },
  };
}

/** Loads segments one after the other; if one can't be, lets go of the others. */
async function loadAll(segments: readonly Segment[], loader: SegmentLoader): Promise<Map<Segment, LoadedSegment>> {
  const loaded = new Map<Segment, LoadedSegment>();
  try {
    for (const segment of segments) loaded.set(segment, await loader.load(segment));
  } catch (error) {
    for (const segment of loaded.values()) await segment.release();
    throw error;
  }
  return loaded;
}

async function runPlan(plan: Plan, frame: Frame, inputs: readonly OrtValue[]): Promise<readonly OrtValue[]> {
  plan.inputs.forEach(({ register, type }, i) => {
    frame.resources[register.index] = frame.hold(inputs[i]!, bytesOf(type), true);
  });
  for (const { input, slot } of plan.fetched) {
    frame.fetch(slot.register, (await frame.runtime.toHost(inputs[input]!, slot.type)).data);
  }
  await runBlock(plan.main, frame);
  return plan.outputs.map((register) => (frame.take({ bank: 'resource', index: register }) as Held).value);
}

const countersOf = ({ called }: Plan, { calls, peakBytes, tapeEntries }: Frame): RunCounters => ({
  calls: Object.fromEntries(called.map((name, i) => [name, calls[i]!])),
  peakBytes,
  tapeEntries,
});

/** One entry for each segment, and one for what the host does itself. */
function placementOf({ parts, segments }: Layout, provider: string): readonly Placed[] {
  const host = [...parts.values()].flat().flatMap((part) => {
    if (part.kind === 'host') return [part.node.op];
    if (part.kind === 'segment') return [];
    return [structuralNames[part.step.kind]];
  });
  const distinct = (operations: readonly string[]): readonly string[] => [...new Set(operations)];
  const placed = segments.map(({ graph: { nodes } }): Placed => ({
    part: 'model',
    provider,
    operations: distinct(nodes.map(({ op }) => op)),
    nodes: nodes.length,
  }));
  if (host.length === 0) return placed;
  return [...placed, { part: 'host', provider: 'javascript', operations: distinct(host), nodes: host.length }];
}

const structuralNames = { cond: 'cond', while: 'whileLoop', scan: 'scan' } as const;
