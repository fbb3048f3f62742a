/** Graphs as text: values numbered from %0 in each graph, subgraphs indented where they are first used. */
import { formatType, type Graph, type Node, type Value } from './graph.ts';

/**
 * A graph as readable text. A subgraph is written once, under the first node that uses it; later uses name it, with a
 * number behind the name where several graphs share it.
 *
 * @example
 * // graph main(%0: f32[2], %1: f32[])
 * //   %2: f32[2] = call(%0, %1) graph=@dynamics
 * //     graph dynamics(%0: f32[2], %1: f32[])
 * //       %2: f32[2] = mul(%0, %1)
 * //       return %2
 * //   return %2
 * printGraph(graph);
 */
export function printGraph(graph: Graph): string {
  const names = new Map<Graph, string>();
  const uses = new Map<string, number>();
  const nameOf = (subgraph: Graph): string => {
    const known = names.get(subgraph);
    if (known !== undefined) return known;
    const count = (uses.get(subgraph.name) ?? 0) + 1;
    uses.set(subgraph.name, count);
    const name = count === 1 ? subgraph.name : `${subgraph.name}#${count}`;
    names.set(subgraph, name);
    return name;
  };

  const lines: string[] = [];
  const write = (current: Graph, indent: string): void => {
    const numbers = new Map<Value, string>();
    const define = (value: Value): string => {
      const name = `%${numbers.size}`;
      numbers.set(value, name);
      return `${name}: ${formatType(value.type)}`;
    };
    const use = (value: Value): string => numbers.get(value) ?? `%?: ${formatType(value.type)}`;
    lines.push(`${indent}graph ${nameOf(current)}(${current.inputs.map(define).join(', ')})`);
    for (const node of current.nodes) {
      const operands = node.inputs.map(use).join(', ');
      const results = node.outputs.map(define).join(', ');
      const fresh = subgraphsOf(node).filter((subgraph, i, all) => !names.has(subgraph) && all.indexOf(subgraph) === i);
      const params = Object.entries(node.params).map(([key, param]) => ` ${key}=${formatParam(param, nameOf)}`);
      lines.push(`${indent}  ${results === '' ? '' : `${results} = `}${node.op}(${operands})${params.join('')}`);
      for (const subgraph of fresh) write(subgraph, `${indent}    `);
    }
    lines.push(`${indent}  return ${current.outputs.map(use).join(', ')}`.trimEnd());
  };
  write(graph, '');
  return lines.join('\n');
}

/** The subgraphs in a node's parameters, in the order in which they are written. */
export function subgraphsOf(node: Node): readonly Graph[] {
  switch (node.op) {
    case 'call':
    case 'customVjp':
      return [node.params.graph];
    case 'cond':
      return [node.params.then, node.params.else];
    case 'whileLoop':
      return [node.params.condition, node.params.body];
    case 'scan':
      return [node.params.body];
    default:
      return [];
  }
}

function formatParam(param: unknown, nameOf: (graph: Graph) => string): string {
  if (Array.isArray(param)) return `[${param.map((item) => formatParam(item, nameOf)).join(', ')}]`;
  if (typeof param === 'object' && param !== null && 'nodes' in param) return `@${nameOf(param as Graph)}`;
  if (typeof param === 'function') return '<function>';
  return Object.is(param, -0) ? '-0' : String(param);
}
