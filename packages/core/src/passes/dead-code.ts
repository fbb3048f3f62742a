/** Dead code: nodes, results and operands of structured nodes, and loop carries that reach nothing. */
import { sizeOf, type Graph, type Node, type NodeOf, type Value } from '../graph/graph.ts';
import type { Checkpoints } from '../graph/primitives.ts';
import { mapSubgraphs } from './rewrite.ts';

/** For each value of a list, whether it is used. */
type Mask = readonly boolean[];

/**
 * Removes what no output depends on. The graph's own inputs and outputs stay. Subgraphs lose the results and operands that
 * nobody uses, loops the carries that reach neither a used result nor the condition; a scan over tapes keeps one, which
 * tells its length, and a loop keeps telling whether it advances, which differentiation asks. A `customVjp` keeps all its
 * results and operands, which its reverse rule counts on. A subgraph whose uses need the same results stays one graph.
 *
 * @example
 * eliminateDeadCode(graph) === graph; // nothing was dead
 */
export const eliminateDeadCode = (graph: Graph): Graph => prune(graph, graph.outputs.map(yes), graph.inputs.map(yes));

const yes = (): boolean => true;
const pick = <T>(list: readonly T[], mask: Mask): readonly T[] => list.filter((_, i) => mask[i] === true);
const count = (mask: Mask): number => mask.filter((isSet) => isSet).length;
const either = (a: Mask, b: Mask): Mask => a.map((isSet, i) => isSet || b[i] === true);
const keyOf = (mask: Mask): string => mask.map(Number).join('');

/** Results by graph and key: pure functions of both, and a graph never changes. */
function remember<T>(cache: WeakMap<Graph, Map<string, T>>, graph: Graph, key: string, make: () => T): T {
  const known = cache.get(graph) ?? new Map<string, T>();
  cache.set(graph, known);
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make();
  known.set(key, made);
  return made;
}

const demands = new WeakMap<Graph, Map<string, Mask>>();
const variants = new WeakMap<Graph, Map<string, Graph>>();

/** The inputs of a graph that some of its outputs need. */
export function neededInputs(graph: Graph, outputs: Mask): Mask {
  return remember(demands, graph, keyOf(outputs), () => {
    const live = new Set(pick(graph.outputs, outputs));
    visitLive(graph, live, () => undefined);
    return graph.inputs.map((input) => live.has(input));
  });
}

/** The graph narrowed to some outputs; of its inputs stay those in `inputs`, which holds what the outputs need. */
function prune(graph: Graph, outputs: Mask, inputs: Mask): Graph {
  return remember(variants, graph, `${keyOf(outputs)}/${keyOf(inputs)}`, () => {
    const nodes: Node[] = [];
    visitLive(graph, new Set(pick(graph.outputs, outputs)), (node, need) => {
      nodes.push(narrow(node, need));
    });
    nodes.reverse();
    const isWhole = count(outputs) === outputs.length && count(inputs) === inputs.length;
    if (isWhole && nodes.length === graph.nodes.length && nodes.every((node, i) => node === graph.nodes[i]))
      return graph;
    return { name: graph.name, inputs: pick(graph.inputs, inputs), nodes, outputs: pick(graph.outputs, outputs) };
  });
}

/** Visits the nodes that live values need, last first, and adds what those nodes need to the live values. */
function visitLive(graph: Graph, live: Set<Value>, visit: (node: Node, need: Need) => void): void {
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i] as Node;
    if (!node.outputs.some((output) => live.has(output))) continue;
    const need = needOf(node, live);
    node.inputs.forEach((input, k) => {
      if (need.inputs[k] === true) live.add(input);
    });
    visit(node, need);
  }
}

/** What stays of a node: operands, and results (the last value of a carry stays with the carry). */
interface Need {
  readonly inputs: Mask;
  readonly outputs: Mask;
}

function needOf(node: Node, live: ReadonlySet<Value>): Need {
  const used = node.outputs.map((output) => live.has(output));
  switch (node.op) {
    case 'call':
      return { inputs: neededInputs(node.params.graph, used), outputs: used };
    case 'cond':
      return {
        inputs: [true, ...either(neededInputs(node.params.then, used), neededInputs(node.params.else, used))],
        outputs: used,
      };
    case 'whileLoop':
      return needOfWhile(node, used);
    case 'scan':
      return needOfScan(node, used);
    default:
      return { inputs: node.inputs.map(yes), outputs: node.outputs.map(yes) };
  }
}

function needOfWhile({ params, inputs }: NodeOf<'whileLoop'>, used: Mask): Need {
  const { condition, body, constants, checkpoints } = params;
  const carries = inputs.length - constants;
  const tapes = used.slice(carries);
  const test = neededInputs(condition, [true]);
  const isTallied = (_: unknown, i: number): boolean => checkpoints?.tallies.some(({ carry }) => carry === i) ?? false;
  const start = either(either(used.slice(0, carries), test.slice(constants)), inputs.slice(constants).map(isTallied));
  const { carry, reads } = closeCarry(body, constants, start, [...tapes, ...flagOf(params)]);
  return { inputs: [...either(reads, test).slice(0, constants), ...carry], outputs: [...carry, ...tapes] };
}

/** The checkpoints of a loop of which only some carries stay. */
const narrowCheckpoints = (
  checkpoints: Checkpoints | undefined,
  carries: Mask,
): { readonly checkpoints?: Checkpoints } =>
  checkpoints === undefined
    ? {}
    : {
        checkpoints: {
          ...checkpoints,
          tallies: checkpoints.tallies.map((tally) => ({ ...tally, carry: count(carries.slice(0, tally.carry)) })),
        },
      };

const flagOf = ({ advances }: NodeOf<'whileLoop'>['params']): Mask => (advances ? [true] : []);

function needOfScan({ params, inputs }: NodeOf<'scan'>, used: Mask): Need {
  const { body, constants, carries, length } = params;
  const { carry, reads } = closeCarry(body, constants, used.slice(0, carries), used.slice(carries));
  const elements = reads.slice(constants + carries);
  if (length === null && !elements.includes(true)) elements[lightest(inputs.slice(constants + carries))] = true;
  return { inputs: [...reads.slice(0, constants), ...carry, ...elements], outputs: [...carry, ...used.slice(carries)] };
}

/** The tape whose entries are smallest: the one to keep for its length alone. */
function lightest(tapes: readonly Value[]): number {
  const sizes = tapes.map(({ type }) => (type.kind === 'tape' ? sizeOf(type.element.shape) : Infinity));
  return sizes.indexOf(Math.min(...sizes));
}

/** The carries that are used, or that a used carry or result needs in some iteration, and all that the body then reads. */
export function closeCarry(
  body: Graph,
  constants: number,
  start: Mask,
  results: Mask,
): { readonly carry: Mask; readonly reads: boolean[] } {
  let carry = start;
  for (;;) {
    const reads = neededInputs(body, [...carry, ...results]);
    const next = either(carry, reads.slice(constants, constants + carry.length));
    if (count(next) === count(carry)) return { carry, reads: [...reads] };
    carry = next;
  }
}

/** A node without the operands and results that it does not need; the node itself if it needs all. */
function narrow(node: Node, need: Need): Node {
  const { inputs, outputs } = need;
  const rest = { inputs: pick(node.inputs, inputs), outputs: pick(node.outputs, outputs) };
  const isWhole = rest.inputs.length === inputs.length && rest.outputs.length === outputs.length;
  switch (node.op) {
    case 'customVjp':
      return mapSubgraphs(node, eliminateDeadCode);
    case 'call': {
      const graph = prune(node.params.graph, outputs, inputs);
      return isWhole && graph === node.params.graph ? node : { ...node, ...rest, params: { graph } };
    }
    case 'cond': {
      const operands = inputs.slice(1);
      const then = prune(node.params.then, outputs, operands);
      const otherwise = prune(node.params.else, outputs, operands);
      const isSame = isWhole && then === node.params.then && otherwise === node.params.else;
      return isSame ? node : { ...node, ...rest, params: { then, else: otherwise } };
    }
    case 'whileLoop': {
      const { constants } = node.params;
      const condition = prune(node.params.condition, [true], inputs);
      const body = prune(node.params.body, [...outputs, ...flagOf(node.params)], inputs);
      if (isWhole && condition === node.params.condition && body === node.params.body) return node;
      const carries = inputs.length - constants;
      const counts = { constants: count(inputs.slice(0, constants)), taped: count(outputs.slice(carries)) };
      const checkpoints = narrowCheckpoints(node.params.checkpoints, outputs.slice(0, carries));
      return { ...node, ...rest, params: { ...node.params, condition, body, ...counts, ...checkpoints } };
    }
    case 'scan': {
      const { constants, carries } = node.params;
      const body = prune(node.params.body, outputs, inputs);
      if (isWhole && body === node.params.body) return node;
      const counts = { constants: count(inputs.slice(0, constants)), carries: count(outputs.slice(0, carries)) };
      return { ...node, ...rest, params: { ...node.params, ...counts, body } };
    }
    default:
      return node;
  }
}
