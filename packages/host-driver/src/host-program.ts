/** A lowered graph as a program that JavaScript drives, on whatever device runs its segments. */
import { hostArray, type Graph, type RunCounters } from '@node-ode/core';
import { HostResult, type Placement, type Program } from './backend/program.ts';
import type { Device, DeviceValue, LoadedSegment } from './device.ts';
import { flatten } from './plan/flatten.ts';
import { layOut, type Layout } from './plan/layout.ts';
import type { Segment } from './plan/partition.ts';
import { planOf, type Plan } from './plan/plan.ts';
import { Frame } from './run/frame.ts';
import { bytesOf, dataOf, isHeld, type Held, type Slot } from './run/registers.ts';
import { runBlock } from './run/run.ts';

/**
 * Compiles a lowered graph to segments without control flow, each for nodes that the device can run at once, and drives them
 * from JavaScript: it computes the scalars that loops and branches depend on, and holds everything else on the device.
 * An input that is an output comes back as the value that it is; a value that is several outputs comes back several times; what
 * only the host has comes back as that.
 *
 * @throws UnsupportedError for a graph that was not lowered, or whatever the device throws for a segment that it can't run.
 * @example
 * const program = await hostProgram(lower(graph, new Set()), device);
 * const [y] = await program.run([device.toValue(array([1, 2, 3]))]);
 */
export async function hostProgram<V extends DeviceValue>(graph: Graph, device: Device<V>): Promise<Program<V>> {
  const layout = layOut(flatten(graph), device.fetchesWait);
  const loaded = await loadAll(layout.segments, device);
  const plan = planOf(layout, loaded);
  let counters: RunCounters | undefined;
  let spare: Frame<V> | undefined;
  const keep = (frame: Frame<V> | undefined): void => {
    spare?.dispose();
    spare = frame;
  };
  return {
    placement: placementOf(layout, device.name),
    run: async (inputs, signal) => {
      signal?.throwIfAborted();
      const frame = spare ?? new Frame(device, plan);
      spare = undefined;
      try {
        frame.begin(signal);
        const outputs = await runPlan(plan, frame, inputs);
        frame.end();
        keep(frame);
        return outputs;
      } catch (error) {
        frame.dispose();
        throw error;
      } finally {
        counters = countersOf(plan, frame);
      }
    },
    counters: () => counters,
    dispose: () => {
      keep(undefined);
      return releaseAll(loaded);
    },
  };
}

type Loaded<V extends DeviceValue> = Map<Segment, LoadedSegment<V>>;

/** Loads segments one after the other; if one can't be, lets go of the others. */
async function loadAll<V extends DeviceValue>(segments: readonly Segment[], device: Device<V>): Promise<Loaded<V>> {
  const loaded: Loaded<V> = new Map();
  try {
    for (const segment of segments) loaded.set(segment, await device.load(segment));
  } catch (error) {
    await releaseAll(loaded);
    throw error;
  }
  return loaded;
}

async function releaseAll<V extends DeviceValue>(loaded: Loaded<V>): Promise<void> {
  const all = [...loaded.values()];
  loaded.clear();
  for (const segment of all) await segment.release();
}

async function runPlan<V extends DeviceValue>(
  plan: Plan<V>,
  frame: Frame<V>,
  inputs: readonly V[],
): Promise<readonly (V | HostResult<V>)[]> {
  plan.inputs.forEach(({ register, type }, i) => {
    frame.resources[register.index] = frame.hold(inputs[i]!, bytesOf(type), true);
  });
  for (const { input, slot } of plan.fetched) {
    frame.fetch(slot.register, await frame.device.toHost(inputs[input]!, slot.type));
  }
  const pending = runBlock(plan.main, frame);
  if (pending !== undefined) await pending;
  return plan.outputs.map((slot) => resultIn(frame, slot));
}

/** A result: from the host if that has it, even where something else has brought it to the device. */
function resultIn<V extends DeviceValue>(frame: Frame<V>, { register, type }: Slot): V | HostResult<V> {
  const entry = frame.take(register);
  const known = isHeld(entry) ? frame.sourceOf(entry) : entry;
  if (known === undefined) return (entry as Held<V>).value;
  frame.drop(entry);
  const elements = dataOf(known, type);
  const { shape, dtype } = type;
  return new HostResult(elements, () => frame.device.toValue(hostArray(elements, shape, dtype)));
}

function countersOf<V extends DeviceValue>(
  { called }: Plan<V>,
  { calls, peakBytes, tapeEntries }: Frame<V>,
): RunCounters {
  const byName: Record<string, number> = {};
  for (let i = 0; i < called.length; i++) byName[called[i]!] = calls[i]!;
  return { calls: byName, peakBytes, tapeEntries };
}

/** One entry for each segment, and one for what the host does itself. */
function placementOf({ parts, segments }: Layout, provider: string): readonly Placement[] {
  const host = [...parts.values()].flat().flatMap((part) => {
    if (part.kind === 'host') return [part.node.op];
    if (part.kind === 'segment') return [];
    return [structuralNames[part.step.kind]];
  });
  const distinct = (operations: readonly string[]): readonly string[] => [...new Set(operations)];
  const placed = segments.map(({ graph: { nodes } }): Placement => ({
    part: 'segment',
    provider,
    operations: distinct(nodes.map(({ op }) => op)),
    nodes: nodes.length,
  }));
  if (host.length === 0) return placed;
  return [...placed, { part: 'host', provider: 'javascript', operations: distinct(host), nodes: host.length }];
}

const structuralNames = { cond: 'cond', while: 'whileLoop', scan: 'scan' } as const;
