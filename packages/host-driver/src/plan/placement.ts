/**
 * Which side computes each node, and where each value lives. The rule: the host has what control flow depends on, and what
 * it can compute from what it has; the device has the rest. A scalar that is needed by the device again before control flow
 * needs it stays there, because fetching it would cut a segment in two.
 */
import { sizeOf, type Value } from '@node-ode/core';
import { canRunOnHost, mostElements } from '../run/host-kernels.ts';
import { scopesOf, usesOf, type FlatProgram, type PlainNode, type Scope, type StructuralStep } from './scope.ts';
import { stagesOf } from './stages.ts';

export interface Placement {
  /** Whether the host computes a node. */
  runsOnHost(node: PlainNode): boolean;
  /** Whether the host has a value. Inputs of the program are on the device as well. */
  isOnHost(x: Value): boolean;
  /** The node of a constant, which travels nowhere: every segment that uses it has its own. */
  sourceOf(x: Value): PlainNode | undefined;
}

/** Decides for a whole program. */
export function place(program: FlatProgram): Placement {
  const { inputs, main } = program;
  const nodes = new Map<Value, PlainNode>();
  const flow = flowOf(main, nodes);
  const demanded = demandedBy(flow, nodes);
  const given = new Set<Value>(inputs);
  const indices = new Set(flow.indices);

  // Both sets begin with all candidates and only shrink, until nothing in them contradicts the rest.
  const hosted = new Set<PlainNode>([...nodes.values()].filter(canRunOnHost));
  const hostSlots = new Set<Value>([...flow.sources.keys()].filter(isSmall));

  const sourceOf = (x: Value): PlainNode | undefined => {
    const node = nodes.get(x);
    return node?.inputs.length === 0 ? node : undefined;
  };
  const isOnHost = (x: Value): boolean => {
    if (!isSmall(x)) return false;
    if (demanded.has(x) || indices.has(x) || sourceOf(x) !== undefined || hostSlots.has(x)) return true;
    if (given.has(x)) return isScalar(x);
    const node = nodes.get(x);
    return node !== undefined && hosted.has(node);
  };
  /** An element may be taken from an array among the inputs, but the array is not fetched to be handled as a whole. */
  const has = (node: PlainNode, x: Value): boolean =>
    isOnHost(x) || (given.has(x) && isSmall(x) && isScalar(node.outputs[0]!));

  const isHosted = (node: PlainNode): boolean => hosted.has(node);
  const isComputed = (x: Value): boolean => sourceOf(x) === undefined;
  const settle = (scope: Scope): boolean => {
    let isSettled = true;
    const drop = (node: PlainNode): void => {
      isSettled = hosted.delete(node) ? false : isSettled;
    };
    for (const step of scope.steps) {
      if (step.kind !== 'node') {
        for (const inner of scopesOf(step)) isSettled = settle(inner) && isSettled;
      } else if (hosted.has(step.node) && !demanded.has(step.output)) {
        if (!step.node.inputs.every((x) => has(step.node, x))) drop(step.node);
      }
    }
    cuttingNodes(scope, isHosted, isComputed).forEach(drop);
    return isSettled;
  };
  const settleSlots = (): boolean => {
    let isSettled = true;
    for (const slot of hostSlots) {
      if (flow.sources.get(slot)!.every(isOnHost)) continue;
      hostSlots.delete(slot);
      isSettled = false;
    }
    return isSettled;
  };
  for (let isSettled = false; !isSettled;) {
    isSettled = settle(main);
    isSettled = settleSlots() && isSettled;
  }

  return {
    runsOnHost: (node) => hosted.has(node) || (node.inputs.length === 0 && isSmall(node.outputs[0]!)),
    isOnHost,
    sourceOf,
  };
}

function isSmall({ type }: Value): boolean {
  return sizeOf((type.kind === 'tape' ? type.element : type).shape) <= mostElements;
}

const isScalar = ({ type }: Value): boolean => type.kind === 'tensor' && sizeOf(type.shape) === 1;

/** How values move between scopes. */
interface Flow {
  /** For what a loop or a branch gives or hands on (carries, results, tapes, elements): the values that it may be. */
  readonly sources: ReadonlyMap<Value, readonly Value[]>;
  /** What decides where control goes. */
  readonly decisions: readonly Value[];
  /** Positions in scans. */
  readonly indices: readonly Value[];
}

function flowOf(main: Scope, nodes: Map<Value, PlainNode>): Flow {
  const sources = new Map<Value, readonly Value[]>();
  const decisions: Value[] = [];
  const indices: Value[] = [];
  const visitStep = (step: StructuralStep): void => {
    if (step.kind === 'cond') {
      decisions.push(step.predicate);
      step.outputs.forEach((output, i) => sources.set(output, [step.then.results[i]!, step.else.results[i]!]));
      return;
    }
    const { carries, outputs, initial, body } = step;
    const m = carries.length;
    carries.forEach((carry, i) => sources.set(carry, [initial[i]!, body.results[i]!]).set(outputs[i]!, [carry]));
    outputs.slice(m).forEach((output, i) => sources.set(output, [body.results[m + i]!]));
    if (step.kind === 'scan') {
      indices.push(step.index);
      step.elements.forEach((element, i) => sources.set(element, [step.tapes[i]!]));
    } else {
      decisions.push(step.predicate, ...body.results.slice(m + step.taped));
    }
  };
  const visit = (scope: Scope): void => {
    for (const step of scope.steps) {
      if (step.kind === 'node') {
        nodes.set(step.output, step.node);
        continue;
      }
      visitStep(step);
      scopesOf(step).forEach(visit);
    }
  };
  visit(main);
  return { sources, decisions, indices };
}

/** Small values that decide where control goes, and what the host can compute those from. */
function demandedBy({ sources, decisions }: Flow, nodes: ReadonlyMap<Value, PlainNode>): ReadonlySet<Value> {
  const demanded = new Set<Value>();
  const waiting = [...decisions];
  for (let x = waiting.pop(); x !== undefined; x = waiting.pop()) {
    if (demanded.has(x) || !isSmall(x)) continue;
    demanded.add(x);
    const node = nodes.get(x);
    if (node !== undefined && canRunOnHost(node)) waiting.push(...node.inputs);
    waiting.push(...(sources.get(x) ?? []));
  }
  return demanded;
}

/**
 * The nodes of the host whose results the device would have to wait for: they depend on a segment of the same scope, and a
 * later node of the device could join that segment if they were computed there too. Also those that only repeat a scalar.
 */
function cuttingNodes(
  scope: Scope,
  isHosted: (node: PlainNode) => boolean,
  isComputed: (x: Value) => boolean,
): readonly PlainNode[] {
  const fromDevice = new Set<Value>();
  for (const step of scope.steps) {
    if (step.kind !== 'node' || !isComputed(step.output)) continue;
    if (!isHosted(step.node) || step.node.inputs.some((x) => fromDevice.has(x))) fromDevice.add(step.output);
  }
  const isHost = (node: PlainNode): boolean => isHosted(node) || !isComputed(node.outputs[0]!);
  const actual = stagesOf(scope, isHost);
  const least = stagesOf(scope, (node) => isHost(node) && !fromDevice.has(node.outputs[0]!));
  /** For each value that the device uses: the earliest stage in which it could. */
  const wanted = new Map<Value, number>();
  const usedByHost = new Set<Value>(scope.results);
  const cutting: PlainNode[] = [];
  for (const step of [...scope.steps].reverse()) {
    if (step.kind !== 'node') {
      usesOf(step).forEach((x) => usedByHost.add(x));
      continue;
    }
    const { node, output } = step;
    const at = wanted.get(output);
    if (isHosted(node) && isComputed(output)) {
      const cuts = at !== undefined && fromDevice.has(output) && actual.get(step)! > at;
      const spreads = at !== undefined && node.op === 'broadcastTo' && !usedByHost.has(output);
      if (cuts || spreads) cutting.push(node);
      else {
        node.inputs.forEach((x) => usedByHost.add(x));
        continue;
      }
    } else if (!isComputed(output)) continue;
    const stage = least.get(step)!;
    for (const x of node.inputs) wanted.set(x, Math.min(stage, wanted.get(x) ?? Infinity));
  }
  return cutting;
}
