/** Dead code: nodes, results of structured nodes, and loop carries that reach nothing. */
import type { Graph, Node, Value } from '../graph/graph.ts';

/** Which outputs of a graph are used; variants of a shared graph are made once for each set. */
type Variants = Map<Graph, Map<string, Variant>>;

interface Variant {
  readonly graph: Graph;
  /** Positions of the inputs that are left. */
  readonly inputs: readonly number[];
}

/**
 * Removes what no output depends on. The graph's own inputs and outputs stay; subgraphs lose results and operands that
 * nobody uses, and loops the carries that reach neither a result nor the condition.
 */
export function eliminateDeadCode(graph: Graph): Graph {
  const variants: Variants = new Map();
  const nodes = liveNodes(graph, graph.outputs, variants);
  return isUnchanged(graph, nodes) ? graph : { ...graph, nodes };
}

const isUnchanged = (graph: Graph, nodes: readonly Node[]): boolean =>
  nodes.length === graph.nodes.length && nodes.every((node, i) => node === graph.nodes[i]);

/** The nodes that `outputs` need, narrowed to the results that are used. */
function liveNodes(graph: Graph, outputs: readonly Value[], variants: Variants): readonly Node[] {
  const live = new Set<Value>(outputs);
  const kept: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i] as Node;
    if (!node.outputs.some((output) => live.has(output))) continue;
    const narrowed = narrow(node, live, variants);
    for (const input of narrowed.inputs) live.add(input);
    kept.push(narrowed);
  }
  return kept.reverse();
}

/** The graph restricted to some outputs and to the inputs that those need. `pinned` inputs stay. */
function restrict(graph: Graph, mask: readonly boolean[], variants: Variants, pinned: readonly boolean[] = []): Variant {
  const key = `${mask.map(Number).join('')}/${pinned.map(Number).join('')}`;
  const known = variants.get(graph) ?? new Map<string, Variant>();
  variants.set(graph, known);
  const found = known.get(key);
  if (found !== undefined) return found;
  const outputs = graph.outputs.filter((_, i) => mask[i] === true);
  const nodes = liveNodes(graph, outputs, variants);
  const used = new Set<Value>(outputs);
  for (const node of nodes) for (const input of node.inputs) used.add(input);
  const inputs = graph.inputs.flatMap((input, i) => (used.has(input) || pinned[i] === true ? [i] : []));
  const isWhole = inputs.length === graph.inputs.length && outputs.length === graph.outputs.length && isUnchanged(graph, nodes);
  const variant: Variant = {
    graph: isWhole ? graph : { name: graph.name, inputs: inputs.map((i) => graph.inputs[i] as Value), nodes, outputs },
    inputs,
  };
  known.set(key, variant);
  return variant;
}

const pick = <T>(all: readonly T[], mask: readonly boolean[]): readonly T[] => all.filter((_, i) => mask[i] === true);

const all = (mask: readonly boolean[]): boolean => mask.every((x) => x);

/** A structured node without results and operands that are not used; other nodes as they are. */
function narrow(node: Node, live: ReadonlySet<Value>, variants: Variants): Node {
  const mask = node.outputs.map((output) => live.has(output));
  switch (node.op) {
    case 'call': {
      const { graph, inputs } = restrict(node.params.graph, mask, variants);
      if (graph === node.params.graph) return node;
      return { ...node, inputs: inputs.map((i) => node.inputs[i] as Value), params: { graph }, outputs: pick(node.outputs, mask) };
    }
    case 'cond': {
      const [predicate, ...operands] = node.inputs as [Value, ...Value[]];
      const used = operands.map(() => false);
      for (const branch of [node.params.then, node.params.else]) for (const i of restrict(branch, mask, variants).inputs) used[i] = true;
      const then = restrict(node.params.then, mask, variants, used).graph;
      const otherwise = restrict(node.params.else, mask, variants, used).graph;
      if (then === node.params.then && otherwise === node.params.else) return node;
      return { ...node, inputs: [predicate, ...pick(operands, used)], params: { then, else: otherwise }, outputs: pick(node.outputs, mask) };
    }
    case 'whileLoop':
      return narrowWhile(node, mask, variants);
    case 'scan':
      return narrowScan(node, mask, variants);
    default:
      return node;
  }
}

type WhileNode = Extract<Node, { op: 'whileLoop' }>;

function narrowWhile(node: WhileNode, mask: readonly boolean[], variants: Variants): Node {
  const { condition, body, constants, advances } = node.params;
  const carries = node.inputs.length - constants;
  const tapes = mask.slice(carries);
  // Without tapes nothing asks whether an iteration advanced.
  const asks = advances && tapes.includes(true);
  const flag = advances ? [asks] : [];
  let carry: readonly boolean[] = mask.slice(0, carries);
  const needed = (variant: Variant): ReadonlySet<number> => new Set(variant.inputs);
  const test = needed(restrict(condition, [true], variants));
  carry = carry.map((isUsed, i) => isUsed || test.has(constants + i));
  for (;;) {
    const used = needed(restrict(body, [...carry, ...tapes, ...flag], variants));
    const next = carry.map((isUsed, i) => isUsed || used.has(constants + i));
    if (next.every((isUsed, i) => isUsed === carry[i])) break;
    carry = next;
  }
  const used = needed(restrict(body, [...carry, ...tapes, ...flag], variants));
  const captured = Array.from({ length: constants }, (_, i) => used.has(i) || test.has(i));
  if (all(captured) && all(carry) && all(tapes) && asks === advances) {
    const inner = restrict(body, body.outputs.map(() => true), variants, body.inputs.map(() => true)).graph;
    const outer = restrict(condition, [true], variants, condition.inputs.map(() => true)).graph;
    return inner === body && outer === condition ? node : { ...node, params: { ...node.params, condition: outer, body: inner } };
  }
  const pinned = [...captured, ...carry];
  const kept = tapes.filter((x) => x).length;
  return {
    ...node,
    inputs: pick(node.inputs, pinned),
    params: {
      condition: restrict(condition, [true], variants, pinned).graph,
      body: restrict(body, [...carry, ...tapes, ...flag], variants, pinned).graph,
      constants: captured.filter((x) => x).length,
      taped: kept,
      advances: asks,
    },
    outputs: pick(node.outputs, [...carry, ...tapes]),
  };
}

type ScanNode = Extract<Node, { op: 'scan' }>;

function narrowScan(node: ScanNode, mask: readonly boolean[], variants: Variants): Node {
  const { body, constants, carries, length, reverse } = node.params;
  const outputs = mask.slice(carries);
  let carry: readonly boolean[] = mask.slice(0, carries);
  let used: ReadonlySet<number>;
  for (;;) {
    used = new Set(restrict(body, [...carry, ...outputs], variants).inputs);
    const next = carry.map((isUsed, i) => isUsed || used.has(constants + i));
    if (next.every((isUsed, i) => isUsed === carry[i])) break;
    carry = next;
  }
  const first = constants + carries;
  const elements = node.inputs.slice(first).map((_, i) => used.has(first + i));
  // A tape tells how long the loop is.
  if (length === null && !elements.includes(true)) elements[0] = true;
  const captured = Array.from({ length: constants }, (_, i) => used.has(i));
  const pinned = [...captured, ...carry, ...elements];
  const narrowed = restrict(body, [...carry, ...outputs], variants, pinned).graph;
  if (narrowed === body) return node;
  return {
    ...node,
    inputs: pick(node.inputs, pinned),
    params: { body: narrowed, constants: captured.filter((x) => x).length, carries: carry.filter((x) => x).length, length, reverse },
    outputs: pick(node.outputs, [...carry, ...outputs]),
  };
}
