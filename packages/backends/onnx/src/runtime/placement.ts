/** Which part of a model runs where. */
import type { Provider } from '../lower/contract.ts';
import type { OnnxGraph, OnnxNode } from '../model/ir.ts';
import type { Placement } from './contract.ts';

const controlFlow: ReadonlySet<string> = new Set(['If', 'Loop', 'Scan']);

/** Whether a graph has a loop or a branch. */
export const hasControlFlow = ({ nodes }: OnnxGraph): boolean => nodes.some(({ opType }) => controlFlow.has(opType));

/** Where the nodes of a model run. ONNX Runtime has loops and branches of its own on cpu and cuda; those of webgpu are the CPU's. */
export function placementOf(graph: OnnxGraph, provider: Provider): readonly Placement[] {
  const whole: Placement = {
    part: 'model',
    provider,
    operations: allOperations(graph),
    nodes: [...nodesOf(graph)].length,
  };
  if (provider !== 'webgpu' || !hasControlFlow(graph)) return [whole];
  const loops = [...nodesOf(graph)].filter(({ opType }) => controlFlow.has(opType));
  const names = new Set(loops.map(({ origin, opType }) => (origin === '' ? opType : origin)));
  return [
    { ...whole, operations: whole.operations.filter((name) => !names.has(name)), nodes: whole.nodes - loops.length },
    { part: 'model', provider: 'cpu', operations: [...names], nodes: loops.length },
  ];
}

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
