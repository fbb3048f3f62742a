/** From what tracing and differentiation leave to what a backend takes: composites decomposed, what only derivatives ask gone. */
import { composites } from '../graph/composites.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import type { CompositePrimitive } from '../graph/primitives.ts';
import { apply, asTensorResult, closeGraph, openTrace, type Traced } from '../tensor/trace.ts';

/**
 * Lowers a graph for a backend that keeps some composites; subgraphs that are shared stay shared.
 *
 * @example
 * const lowered = lower(graph, new Set(['linearCombination', 'errorNorm']));
 */
export function lower(graph: Graph, kept: ReadonlySet<CompositePrimitive>): Graph {
  const lowered = new Map<Graph, Graph>();
  const lowerGraph = (g: Graph): Graph => {
    const known = lowered.get(g);
    if (known !== undefined) return known;
    const { trace, inputs } = openTrace(
      g.name,
      g.inputs.map((input) => input.type),
    );
    const result = closeGraph(trace.close(lowerOnto(g, inputs)), []);
    lowered.set(g, result);
    return result;
  };
  const lowerOnto = (g: Graph, inputs: readonly Traced[]): readonly Traced[] => {
    const env = new Map<Value, Traced>(g.inputs.map((input, i) => [input, inputs[i] as Traced]));
    const of = (values: readonly Value[]): readonly Traced[] => values.map((v) => env.get(v) as Traced);
    for (const node of g.nodes) {
      const results = lowerNode(node, of(node.inputs));
      node.outputs.forEach((output, i) => env.set(output, results[i] as Traced));
    }
    return of(g.outputs);
  };
  const lowerNode = (node: Node, inputs: readonly Traced[]): readonly Traced[] => {
    switch (node.op) {
      case 'stopGradient':
        return inputs;
      case 'customVjp':
        return lowerOnto(node.params.graph, inputs);
      case 'call':
        return apply('call', inputs, { graph: lowerGraph(node.params.graph) });
      case 'cond':
        return apply('cond', inputs, { then: lowerGraph(node.params.then), else: lowerGraph(node.params.else) });
      case 'whileLoop': {
        const { checkpoints: _, condition, body, ...params } = node.params;
        return apply('whileLoop', inputs, { ...params, condition: lowerGraph(condition), body: lowerGraph(body) });
      }
      case 'scan':
        return apply('scan', inputs, { ...node.params, body: lowerGraph(node.params.body) });
      default:
        return isDecomposed(node.op, kept) ? lowerOnto(decomposed(node), inputs) : apply(node.op, inputs, node.params);
    }
  };
  return lowerGraph(graph);
}

const isDecomposed = (op: Node['op'], kept: ReadonlySet<CompositePrimitive>): op is CompositePrimitive =>
  op in composites && !kept.has(op as CompositePrimitive);

/** A composite node as a graph of its own, which may hold other composites. */
function decomposed(node: Node): Graph {
  const decomposition = composites[node.op as CompositePrimitive] as (typeof composites)['mean'];
  const { trace, inputs } = openTrace(
    node.op,
    node.inputs.map((input) => input.type),
  );
  const result = decomposition(inputs.map(asTensorResult), node.params as never);
  return closeGraph(trace.close([result]), []);
}
