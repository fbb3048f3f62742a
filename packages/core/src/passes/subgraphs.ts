/** Subgraphs of structured nodes, for passes that go into them. */
import type { Graph, Node } from '../graph/graph.ts';

/** The node with `fn` applied to each of its subgraphs; the same object where nothing changed. */
export function mapSubgraphs(node: Node, fn: (graph: Graph) => Graph): Node {
  switch (node.op) {
    case 'call':
    case 'customVjp': {
      const graph = fn(node.params.graph);
      return graph === node.params.graph ? node : ({ ...node, params: { ...node.params, graph } } as Node);
    }
    case 'cond': {
      const [then, otherwise] = [fn(node.params.then), fn(node.params.else)];
      if (then === node.params.then && otherwise === node.params.else) return node;
      return { ...node, params: { then, else: otherwise } };
    }
    case 'whileLoop': {
      const [condition, body] = [fn(node.params.condition), fn(node.params.body)];
      if (condition === node.params.condition && body === node.params.body) return node;
      return { ...node, params: { ...node.params, condition, body } };
    }
    case 'scan': {
      const body = fn(node.params.body);
      return body === node.params.body ? node : { ...node, params: { ...node.params, body } };
    }
    default:
      return node;
  }
}

/** Whether a node holds subgraphs. */
export const isStructured = ({ op }: Node): boolean =>
  op === 'call' || op === 'customVjp' || op === 'cond' || op === 'whileLoop' || op === 'scan';

/** A pass over single graphs applied to a graph and all its subgraphs, innermost first; shared ones stay shared. */
export function throughout(pass: (graph: Graph) => Graph): (graph: Graph) => Graph {
  return (top) => {
    const done = new Map<Graph, Graph>();
    const visit = (graph: Graph): Graph => {
      const known = done.get(graph);
      if (known !== undefined) return known;
      const nodes = graph.nodes.map((node) => mapSubgraphs(node, visit));
      const isSame = nodes.every((node, i) => node === graph.nodes[i]);
      const result = pass(isSame ? graph : { ...graph, nodes });
      done.set(graph, result);
      return result;
    };
    return visit(top);
  };
}
