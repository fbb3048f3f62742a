/** Dual graphs: a subgraph with the tangents of its results beside them. */
import { closeGraph, openTrace, type Trace, type Traced } from '../../tensor/trace.ts';
import type { Graph } from '../../graph/graph.ts';
import { pushForward, type Pushed } from './push-forward.ts';
import { join, split, type Segments, type Tangent } from './tangent.ts';

/** A graph traced with tangents. Its trace is still open, so that a rule can choose which tangents to give. */
export interface Dual extends Pushed {
  readonly trace: Trace;
}

/** Traces a graph with tangents for those of its inputs that `segments` name. It keeps its name: it counts as that graph. */
export function openDual(graph: Graph, segments: Segments): Dual {
  const types = graph.inputs.map((input) => input.type);
  const { trace, inputs } = openTrace(graph.name, join(segments, types, types));
  const { values, tangents } = split(segments, inputs);
  return { trace, ...pushForward(graph, values, tangents) };
}

/** The graph that gives these results and tangents of a dual. */
export const closeDual = (
  { trace }: Dual,
  segments: Segments,
  outputs: readonly Traced[],
  tangents: readonly Tangent[],
): Graph => closeGraph(trace.close(join(segments, outputs, tangents)), []);
