/** A scope cut into what the host does and segments for the device, in the order in which they run. */
import type { Graph, Value } from '@node-ode/core';
import { packOf } from './pack.ts';
import type { Placement } from './placement.ts';
import {
  operandsOf,
  scopesOf,
  usesOf,
  type NodeStep,
  type PlainNode,
  type Scope,
  type StructuralStep,
} from './scope.ts';
import { stagesOf } from './stages.ts';

/** Nodes that the device runs at once. */
export interface Segment {
  /** A closed graph of them. Segments that do the same are equal but for the identity of their values. */
  readonly graph: Graph;
  /** For each output of the graph, what it is. */
  readonly results: readonly SegmentResult[];
}

/** An output of a segment: a value, or several of the host's, one behind the other. */
export interface SegmentResult {
  readonly values: readonly Value[];
  /** Whether the host wants it. */
  readonly isHost: boolean;
}

export type Part =
  | { readonly kind: 'host'; readonly node: PlainNode }
  | { readonly kind: 'structural'; readonly step: StructuralStep }
  | { readonly kind: 'segment'; readonly segment: Segment };

/** Cuts a scope; its inner scopes are left for their own turn. `packs`: what the host wants of a segment comes in one vector. */
export function partition(scope: Scope, placement: Placement, packs: boolean): readonly Part[] {
  const stages = stagesOf(scope, (node) => placement.runsOnHost(node));
  const hostParts: Part[][] = [];
  const segments: NodeStep[][] = [];
  for (const step of scope.steps) {
    const stage = stages.get(step)!;
    const host = (hostParts[stage] ??= []);
    const segment = (segments[stage] ??= []);
    if (step.kind !== 'node') host.push({ kind: 'structural', step });
    else if (!placement.runsOnHost(step.node)) segment.push(step);
    else if (placement.sourceOf(step.output) === undefined) host.push({ kind: 'host', node: step.node });
  }
  const users = usersOf(scope, placement);
  return hostParts.flatMap((parts, stage) => {
    const steps = segments[stage]!;
    const inside = new Set<unknown>(steps);
    const isWanted = ({ output }: NodeStep): boolean => users.get(output)?.some((user) => !inside.has(user)) === true;
    const wanted = new Set(steps.filter(isWanted));
    const kept = steps.filter((step) => wanted.has(step) || placement.sourceOf(step.output) === undefined);
    const outputs = kept.flatMap((step) => (wanted.has(step) ? [step.output] : []));
    if (outputs.length === 0) return parts;
    return [...parts, { kind: 'segment', segment: segmentOf(kept, outputs, placement, packs) }];
  });
}

/** For each value, the steps of a scope that want it from where it is made, and the scope itself for its results. */
function usersOf(scope: Scope, placement: Placement): ReadonlyMap<Value, readonly unknown[]> {
  const users = new Map<Value, unknown[]>();
  const add = (x: Value, user: unknown): void => {
    const known = users.get(x);
    if (known === undefined) users.set(x, [user]);
    else known.push(user);
  };
  for (const step of scope.steps) {
    // A segment has constants of its own, wherever it is.
    const handled = step.kind === 'node' ? new Set<Value>() : handledBy(step);
    for (const x of usesOf(step)) if (placement.sourceOf(x) === undefined || handled.has(x)) add(x, step);
  }
  scope.results.forEach((x) => {
    add(x, scope);
  });
  return users;
}

/** Values that a structural step or one inside it hands on as they are. */
function handledBy(step: StructuralStep): ReadonlySet<Value> {
  const handled = new Set<Value>(operandsOf(step));
  for (const scope of scopesOf(step)) {
    scope.results.forEach((x) => handled.add(x));
    for (const inner of scope.steps) if (inner.kind !== 'node') handledBy(inner).forEach((x) => handled.add(x));
  }
  return handled;
}

function segmentOf(
  steps: readonly NodeStep[],
  outputs: readonly Value[],
  placement: Placement,
  packs: boolean,
): Segment {
  const produced = new Set<Value>(steps.map(({ output }) => output));
  const inputs = new Set<Value>();
  const constants = new Map<Value, PlainNode>();
  for (const { node } of steps) {
    for (const x of node.inputs) {
      if (produced.has(x)) continue;
      const source = placement.sourceOf(x);
      if (source === undefined) inputs.add(x);
      else constants.set(x, source);
    }
  }
  const nodes = [...constants.values(), ...steps.map(({ node }) => node)];
  const fetched = outputs.filter((x) => placement.isOnHost(x));
  const pack = packs ? packOf(fetched, nodes) : undefined;
  const single = outputs.filter((x) => pack?.values.includes(x) !== true);
  const results = single.map((x): SegmentResult => ({ values: [x], isHost: placement.isOnHost(x) }));
  const graph = { name: 'segment', inputs: [...inputs], nodes, outputs: single };
  if (pack === undefined) return { graph, results };
  return {
    graph: { ...graph, nodes: [...nodes, ...pack.nodes], outputs: [...single, pack.output] },
    results: [...results, { values: pack.values, isHost: true }],
  };
}
