/** A graph as a string that equal graphs share, and no others: the key of the module cache. */
import { formatType, type Graph, type Value } from '@node-ode/core';

/**
 * Graphs are numbered in the order of their first use, values in that of their definition, and everything that a node says
 * is written: equal keys mean the same module. (`printGraph` is for people: two graphs whose names resemble each other can
 * look alike there.) Graphs that share a subgraph differ from those that hold it twice.
 *
 * @example
 * graphKey(f.graph(array([1, 2]))) === graphKey(g.graph(array([3, 4]))); // the same program
 */
export function graphKey(graph: Graph): string {
  const graphs = [graph];
  const numbers = new Map([[graph, 0]]);
  const numberOf = (subgraph: Graph): number => {
    const known = numbers.get(subgraph);
    if (known !== undefined) return known;
    numbers.set(subgraph, graphs.length);
    return graphs.push(subgraph) - 1;
  };
  const lines: string[] = [];
  // The list grows while it is walked.
  for (const current of graphs) write(current, numberOf, lines);
  return lines.join('\n');
}

function write({ name, inputs, nodes, outputs }: Graph, numberOf: (graph: Graph) => number, lines: string[]): void {
  const numbers = new Map<Value, number>();
  const define = (value: Value): string => {
    numbers.set(value, numbers.size);
    return formatType(value.type);
  };
  const use = (value: Value): string => String(numbers.get(value));
  lines.push(`graph ${JSON.stringify(name)} ${inputs.map(define).join(' ')}`);
  for (const node of nodes) {
    const operands = node.inputs.map(use).join(' ');
    const params = Object.entries(node.params).map(([key, param]) => `${key}=${formatParam(param, numberOf)}`);
    lines.push(`${node.op} ${operands} ${params.join(' ')} ${node.outputs.map(define).join(' ')}`);
  }
  lines.push(`return ${outputs.map(use).join(' ')}`);
}

function formatParam(param: unknown, numberOf: (graph: Graph) => number): string {
  if (Array.isArray(param)) return `[${param.map((item) => formatParam(item, numberOf)).join()}]`;
  if (typeof param === 'object' && param !== null) return `@${numberOf(param as Graph)}`;
  // The shortest decimal of a number is its own; minus zero is the exception.
  return Object.is(param, -0) ? '-0' : String(param);
}
