/** Which part of a model runs where. */
import type { Placement } from '@node-ode/host-driver';
import type { Provider } from '../lower/contract.ts';
import type { OnnxGraph, OnnxNode } from '../model/ir.ts';

const controlFlow: ReadonlySet<string> = new Set(['If', 'Loop', 'Scan']);

/** Whether a graph has a loop or a branch. */
export const hasControlFlow = ({ nodes }: OnnxGraph): boolean => nodes.some(({ opType }) => controlFlow.has(opType));

/**
 * Where the nodes of a model run: all on the provider, or the model was refused. Only for loops inside a model on webgpu, which
 * has none, does ONNX Runtime choose: loops and branches run on the CPU, and what else it likes.
 */
export const placementOf = (graph: OnnxGraph, provider: Provider): readonly Placement[] => [
  {
    part: 'model',
    provider: provider === 'webgpu' && hasControlFlow(graph) ? 'webgpu, cpu' : provider,
    operations: allOperations(graph),
    nodes: [...nodesOf(graph)].length,
  },
];

/** What the nodes of a graph were made for, subgraphs included, each once. */
export const allOperations = (graph: OnnxGraph): readonly string[] => [
  ...new Set([...nodesOf(graph)].map(({ origin, opType }) => (origin === '' ? opType : origin))),
];

/** The nodes of a graph and of its subgraphs. */
export function* nodesOf({ nodes }: OnnxGraph): Generator<OnnxNode> {
  for (const node of nodes) {
    yield node;
    for (const attribute of Object.values(node.attributes)) {
      if (attribute.kind === 'graph') yield* nodesOf(attribute.value);
    }
  }
}
