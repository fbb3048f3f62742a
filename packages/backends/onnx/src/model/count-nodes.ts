/** What a model is made of, for reports and for tests of its size. */
import type { OnnxGraph } from './ir.ts';

/**
 * How often each operator occurs in a graph, those of its subgraphs included: a `Loop`'s body counts once.
 *
 * @example
 * countNodes(model.graph); // { Add: 3, Gemm: 2, Loop: 1 }
 */
export const countNodes = (graph: OnnxGraph): Readonly<Record<string, number>> => {
  const counts = new Map<string, number>();
  const visit = ({ nodes }: OnnxGraph): void => {
    for (const { opType, attributes } of nodes) {
      counts.set(opType, (counts.get(opType) ?? 0) + 1);
      for (const attribute of Object.values(attributes)) {
        if (attribute.kind === 'graph') visit(attribute.value);
      }
    }
  };
  visit(graph);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
};
