/** Common subexpressions by value numbering: what is computed twice from the same operands is computed once. */
import type { Graph, Node, Value } from '../graph/graph.ts';
import { subgraphsOf } from '../graph/print.ts';
import type { Primitive } from '../graph/primitives.ts';
import { mapGraph, mapSubgraphs, substituteUses, type NodeRule } from './rewrite.ts';

/**
 * Merges nodes with the same primitive, operands and parameters; every primitive is a pure function of these. Subgraphs are
 * the same if they are one object. Calls, and what holds calls, are not merged: their executions are counted, and a solver
 * tells how many it asked for. Operands and results of structured nodes that are equal come to be used as one, so that dead
 * code elimination can remove the others.
 *
 * @example
 * // %1 = sin(%0), %2 = sin(%0), %3 = mul(%1, %2)  becomes  %1 = sin(%0), %3 = mul(%1, %1)
 * eliminateCommonSubexpressions(graph);
 */
export function eliminateCommonSubexpressions(graph: Graph): Graph {
  const identity = numbering();
  const isCounted = callFinder();
  return mapGraph(
    graph,
    (builder): NodeRule => {
      const number = numbering();
      const known = new Map<string, readonly Value[]>();
      return (node) => {
        if (isCounted(node)) return mergeResults(node, builder.append(mergeOperands(node)));
        const key = keyOf(node, number, identity);
        const results = known.get(key) ?? mergeResults(node, builder.append(mergeOperands(node)));
        known.set(key, results);
        return results;
      };
    },
    settled,
  );
}

const settled = new WeakSet<Graph>();

/** Numbers for objects, the same for the same object. */
function numbering(): (x: object) => number {
  const numbers = new Map<object, number>();
  return (x) => {
    const known = numbers.get(x);
    if (known !== undefined) return known;
    numbers.set(x, numbers.size);
    return numbers.size - 1;
  };
}

/** Whether executing a node may execute a call. */
function callFinder(): (node: Node) => boolean {
  const known = new Map<Graph, boolean>();
  const hasCall = (graph: Graph): boolean => {
    const found = known.get(graph) ?? graph.nodes.some(isCounted);
    known.set(graph, found);
    return found;
  };
  const isCounted = (node: Node): boolean => node.op === 'call' || subgraphsOf(node).some(hasCall);
  return isCounted;
}

/** a ∘ b = b ∘ a, bit for bit (but for which NaN a NaN is). */
const commutative: ReadonlySet<Primitive> = new Set<Primitive>([
  'add',
  'mul',
  'maximum',
  'minimum',
  'equal',
  'notEqual',
  'and',
  'or',
]);

function keyOf(node: Node, number: (x: Value) => number, identity: (x: object) => number): string {
  const operands = node.inputs.map(number);
  if (commutative.has(node.op)) operands.sort((a, b) => a - b);
  return `${node.op}(${operands.join()})${paramsKey(node, identity)}`;
}

/** Keys of params that hold no subgraphs: they mean the same in every graph. */
const plainKeys = new WeakMap<object, string>();

function paramsKey(node: Node, identity: (x: object) => number): string {
  const { params } = node;
  if (subgraphsOf(node).length > 0) return writeKey(params, identity);
  const known = plainKeys.get(params) ?? writeKey(params, identity);
  plainKeys.set(params, known);
  return known;
}

function writeKey(params: object, identity: (x: object) => number): string {
  const entries = Object.entries(params) as [string, unknown][];
  if (entries.length > 1) entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, param]) => `${name}=${paramKey(param, identity)}`).join(';');
}

function paramKey(param: unknown, identity: (x: object) => number): string {
  if (Array.isArray(param)) return `[${param.map((item) => paramKey(item, identity)).join()}]`;
  if ((typeof param === 'object' && param !== null) || typeof param === 'function') return `#${identity(param)}`;
  return Object.is(param, -0) ? '-0' : String(param);
}

/** A loop or branch whose subgraphs read each operand that is given to them twice through its first input. */
function mergeOperands(node: Node): Node {
  const pairs = groupsOfOperands(node).flatMap((positions) => duplicates(positions, (i) => node.inputs[i]));
  if (pairs.length === 0) return node;
  const first = node.op === 'cond' ? 1 : 0;
  return mapSubgraphs(node, (graph) => {
    const inputAt = (i: number): Value => graph.inputs[i - first] as Value;
    return substituteUses(graph, new Map(pairs.map(([i, same]) => [inputAt(i), inputAt(same)])));
  });
}

/** Positions of operands that stand for one value inside if they are one outside. Calls are left alone: their graph is shared. */
function groupsOfOperands(node: Node): readonly (readonly number[])[] {
  switch (node.op) {
    case 'cond':
      return [range(1, node.inputs.length)];
    case 'whileLoop':
      return [range(0, node.params.constants)];
    case 'scan':
      return [range(0, node.params.constants), range(node.params.constants + node.params.carries, node.inputs.length)];
    default:
      return [];
  }
}

/** The results of a node, the first of equal ones in place of each. A `customVjp` tells its results apart by their cotangents. */
function mergeResults(node: Node, outputs: readonly Value[]): readonly Value[] {
  const pairs = duplicatesOfResults(node);
  if (pairs.length === 0) return outputs;
  const results = [...outputs];
  for (const [i, same] of pairs) results[i] = outputs[same] as Value;
  return results;
}

function duplicatesOfResults({ op, params, outputs, inputs }: Node): readonly (readonly [number, number])[] {
  switch (op) {
    case 'call':
      return duplicates(range(0, outputs.length), (i) => params.graph.outputs[i]);
    case 'cond': {
      const first = firstOf(params.then.outputs);
      const firstElse = firstOf(params.else.outputs);
      return duplicates(range(0, outputs.length), (i) => `${first(i)},${firstElse(i)}`);
    }
    case 'whileLoop':
      return duplicates(range(inputs.length - params.constants, outputs.length), (i) => params.body.outputs[i]);
    case 'scan':
      return duplicates(range(params.carries, outputs.length), (i) => params.body.outputs[i]);
    default:
      return [];
  }
}

const range = (start: number, end: number): readonly number[] =>
  Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);

/** For each position, the first one that has the same value. */
function firstOf(values: readonly Value[]): (i: number) => number {
  const first = new Map<Value, number>();
  values.forEach((x, i) => {
    if (!first.has(x)) first.set(x, i);
  });
  return (i) => first.get(values[i] as Value) ?? i;
}

/** Positions with the first position before them that has the same key, where there is one. */
function duplicates(positions: readonly number[], key: (i: number) => unknown): readonly (readonly [number, number])[] {
  const first = new Map<unknown, number>();
  return positions.flatMap((i) => {
    const same = first.get(key(i));
    if (same === undefined) first.set(key(i), i);
    return same === undefined ? [] : [[i, same] as const];
  });
}
