/** The constants and names of a graph with all its subgraphs. */
import type { Attribute, Initializer, OnnxGraph } from '../model/ir.ts';

/** The constants of a graph and its subgraphs, by name. */
export function constantsOf(graph: OnnxGraph, all = new Map<string, Initializer>()): ReadonlyMap<string, Initializer> {
  for (const initializer of graph.initializers) all.set(initializer.name, initializer);
  for (const inner of subgraphsOf(graph)) constantsOf(inner, all);
  return all;
}

/** Every name that a graph and its subgraphs define. */
export function namesOf(graph: OnnxGraph, names = new Set<string>()): Set<string> {
  for (const { name } of [...graph.inputs, ...graph.initializers]) names.add(name);
  for (const { outputs } of graph.nodes) for (const name of outputs) names.add(name);
  for (const inner of subgraphsOf(graph)) namesOf(inner, names);
  return names;
}

/** Names that subgraphs read of the graphs around them. */
export function capturedNames(graph: OnnxGraph): ReadonlySet<string> {
  const captured = new Set<string>();
  const visit = (inner: OnnxGraph): void => {
    const own = new Set([
      ...[...inner.inputs, ...inner.initializers].map(({ name }) => name),
      ...inner.nodes.flatMap(({ outputs }) => outputs),
    ]);
    const read = [...inner.nodes.flatMap(({ inputs }) => inputs), ...inner.outputs.map(({ name }) => name)];
    for (const name of read) if (!own.has(name)) captured.add(name);
    subgraphsOf(inner).forEach(visit);
  };
  subgraphsOf(graph).forEach(visit);
  return captured;
}

const subgraphsOf = ({ nodes }: OnnxGraph): readonly OnnxGraph[] =>
  nodes.flatMap(({ attributes }) =>
    Object.values(attributes).flatMap((attribute) => (attribute.kind === 'graph' ? [attribute.value] : [])),
  );

/** The graph with only these of its constants, in its subgraphs too. */
export function withConstants(graph: OnnxGraph, kept: ReadonlySet<string>): OnnxGraph {
  const inAttributes = ([key, attribute]: readonly [string, Attribute]): readonly [string, Attribute] => [
    key,
    attribute.kind === 'graph' ? { kind: 'graph', value: withConstants(attribute.value, kept) } : attribute,
  ];
  return {
    ...graph,
    initializers: graph.initializers.filter(({ name }) => kept.has(name)),
    nodes: graph.nodes.map((node) => ({
      ...node,
      attributes: Object.fromEntries(Object.entries(node.attributes).map(inAttributes)),
    })),
  };
}
