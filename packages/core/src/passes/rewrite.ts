/**
 * Rebuilding graphs node by node: what every pass shares. Graphs are never changed in place; a graph, subgraph or node that
 * a pass leaves as it is stays the same object, so that "nothing changed" is one comparison and shared subgraphs stay shared.
 */
import { value, type Graph, type Node, type Value } from '../graph/graph.ts';
import { inferTypes, type Application } from '../graph/infer.ts';
import type { Primitive, PrimitiveParams } from '../graph/primitives.ts';

/** The nodes of a graph being built, in execution order. */
export class GraphBuilder {
  readonly nodes: Node[] = [];
  readonly #producers = new Map<Value, Node>();

  /**
   * Appends an application of a primitive and gives its results, of the types that `inferTypes` finds.
   *
   * @throws ShapeError or DTypeError if the operands do not fit the primitive.
   */
  emit<P extends Primitive>(op: P, inputs: readonly Value[], params: PrimitiveParams[P]): readonly Value[] {
    const application = { op, inputs, params } as Application;
    return this.append({ ...application, outputs: inferTypes(application).map(value) } as Node);
  }

  /** Appends a node as it is and gives its results. */
  append(node: Node): readonly Value[] {
    this.nodes.push(node);
    for (const output of node.outputs) this.#producers.set(output, node);
    return node.outputs;
  }

  /** The node that produced a value; undefined for an input of the graph. */
  producer(x: Value): Node | undefined {
    return this.#producers.get(x);
  }
}

/**
 * What becomes of a node: the values that replace its results, made of nodes appended to the builder or there before;
 * undefined keeps the node. Its operands and subgraphs are rewritten already.
 */
export type NodeRule = (node: Node) => readonly Value[] | undefined;

/**
 * A graph rewritten node by node, subgraphs first, each subgraph once however often it is used. `ruleFor` is asked once for
 * each graph. Inputs, outputs and their types stay; if no rule changes anything the graph itself is returned. Values that
 * are kept are the same objects in the old graph and in the new one. What a rule makes of a graph depends on nothing else:
 * graphs that it left as they are go into `settled`, where a pass that runs again finds them.
 *
 * @example
 * // Drops every stopGradient.
 * mapGraph(graph, () => (node) => (node.op === 'stopGradient' ? node.inputs : undefined));
 */
export function mapGraph(
  graph: Graph,
  ruleFor: (builder: GraphBuilder) => NodeRule,
  settled = new WeakSet<Graph>(),
): Graph {
  const mapped = new Map<Graph, Graph>();
  const map = (current: Graph): Graph => {
    if (settled.has(current)) return current;
    const known = mapped.get(current);
    if (known !== undefined) return known;
    const result = rewrite(current, map, ruleFor);
    mapped.set(current, result);
    if (result === current) settled.add(current);
    return result;
  };
  return map(graph);
}

function rewrite(graph: Graph, map: (subgraph: Graph) => Graph, ruleFor: (builder: GraphBuilder) => NodeRule): Graph {
  const builder = new GraphBuilder();
  const rule = ruleFor(builder);
  const replaced = new Map<Value, Value>();
  for (const node of graph.nodes) {
    const current = mapSubgraphs(substituteInputs(node, replaced), map);
    const results = rule(current) ?? builder.append(current);
    node.outputs.forEach((output, i) => {
      const result = results[i];
      if (result !== undefined && result !== output) replaced.set(output, result);
    });
  }
  return withNodes(graph, builder.nodes, substitute(graph.outputs, replaced));
}

/** A graph with other nodes and outputs; the graph itself if they are the same. */
export function withNodes(graph: Graph, nodes: readonly Node[], outputs: readonly Value[]): Graph {
  return sameList(nodes, graph.nodes) && sameList(outputs, graph.outputs) ? graph : { ...graph, nodes, outputs };
}

const sameList = <T>(a: readonly T[], b: readonly T[]): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

/** Values with some of them replaced; the list itself if none is. */
export function substitute(values: readonly Value[], replaced: ReadonlyMap<Value, Value>): readonly Value[] {
  return values.some((x) => replaced.has(x)) ? values.map((x) => replaced.get(x) ?? x) : values;
}

/** A node with some of its operands replaced; the node itself if none is. */
export function substituteInputs(node: Node, replaced: ReadonlyMap<Value, Value>): Node {
  const inputs = substitute(node.inputs, replaced);
  return inputs === node.inputs ? node : { ...node, inputs };
}

/** A graph that uses some of its values in place of others; the graph itself if it uses none of those. */
export function substituteUses(graph: Graph, replaced: ReadonlyMap<Value, Value>): Graph {
  const nodes = graph.nodes.map((node) => substituteInputs(node, replaced));
  return withNodes(graph, nodes, substitute(graph.outputs, replaced));
}

/** A node with its subgraphs mapped; the node itself if they stay as they are. */
export function mapSubgraphs(node: Node, map: (subgraph: Graph) => Graph): Node {
  switch (node.op) {
    case 'call': {
      const graph = map(node.params.graph);
      return graph === node.params.graph ? node : { ...node, params: { graph } };
    }
    case 'customVjp': {
      const graph = map(node.params.graph);
      return graph === node.params.graph ? node : { ...node, params: { ...node.params, graph } };
    }
    case 'cond': {
      const { then, else: otherwise } = node.params;
      const [newThen, newElse] = [map(then), map(otherwise)];
      return newThen === then && newElse === otherwise ? node : { ...node, params: { then: newThen, else: newElse } };
    }
    case 'whileLoop': {
      const [condition, body] = [map(node.params.condition), map(node.params.body)];
      const isSame = condition === node.params.condition && body === node.params.body;
      return isSame ? node : { ...node, params: { ...node.params, condition, body } };
    }
    case 'scan': {
      const body = map(node.params.body);
      return body === node.params.body ? node : { ...node, params: { ...node.params, body } };
    }
    default:
      return node;
  }
}

/**
 * Appends the nodes of a graph, with `inputs` for its inputs, to a builder; gives what its outputs became. Results are fresh
 * values, so that one graph can be inlined many times.
 *
 * @example
 * // Runs a subgraph in place of calling it.
 * mapGraph(graph, (builder) => (node) => (node.op === 'call' ? inlineGraph(builder, node.params.graph, node.inputs) : undefined));
 */
export function inlineGraph(builder: GraphBuilder, graph: Graph, inputs: readonly Value[]): readonly Value[] {
  const inlined = pairUp(graph.inputs, inputs);
  appendFresh(builder, graph.nodes, inlined);
  return substitute(graph.outputs, inlined);
}

/** Appends copies of nodes whose results are fresh values; `values` maps their operands, and then their results too. */
export function appendFresh(builder: GraphBuilder, nodes: readonly Node[], values: Map<Value, Value>): void {
  for (const node of nodes) {
    const outputs = node.outputs.map((output) => value(output.type));
    builder.append({ ...substituteInputs(node, values), outputs });
    node.outputs.forEach((output, i) => values.set(output, outputs[i] as Value));
  }
}

/** A map from each of some values to the one at its position in another list. */
export function pairUp(from: readonly Value[], to: readonly Value[]): Map<Value, Value> {
  const pairs = new Map<Value, Value>();
  from.forEach((x, i) => {
    const y = to[i];
    if (y !== undefined) pairs.set(x, y);
  });
  return pairs;
}
