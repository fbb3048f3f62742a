/** A lowered graph as an ONNX model. */
import { formatType, UnsupportedError, type Graph, type HostArray, type TensorType, type Value } from '@node-ode/core';
import { irVersion, opset, type OnnxGraph, type OnnxModel, type OnnxNode, type OnnxTensor } from '../model/ir.ts';
import type { Target } from './contract.ts';
import { lowerGraph, sharedRules } from './lower-graph.ts';
import { infoOf } from './lowered.ts';
import { ModelScope } from './model-scope.ts';
import { Scope } from './scope.ts';

export interface EmitOptions extends Pick<Target, 'provider'>, Partial<Omit<Target, 'provider'>> {
  /** Names of the inputs that stay inputs and of the outputs; `input_0`, …, `output_0`, … by default. */
  readonly inputNames?: readonly string[];
  readonly outputNames?: readonly string[];
  /** Inputs, by position, that become constants of the model. */
  readonly constants?: ReadonlyMap<number, HostArray>;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes a lowered graph as an ONNX model: `cond` as `If`, `whileLoop` as `Loop`, `scan` as `Scan`, called graphs in place.
 *
 * @throws UnsupportedError naming an operation and a dtype that the provider has no kernel for.
 * @example
 * const model = emitModel(lower(graph, new Set()), { provider: 'cpu' });
 */
export function emitModel(graph: Graph, options: EmitOptions): OnnxModel {
  const { constants = new Map<number, HostArray>(), metadata = {} } = options;
  const { provider, portable = false, channelBlock = 0 } = options;
  const names = namesOf('input', graph.inputs, options.inputNames);
  const outputNames = namesOf('output', graph.outputs, options.outputNames);
  const model = new ModelScope({ provider, portable, channelBlock }, sharedRules);
  for (const name of [...names, ...outputNames]) model.reserve(name);
  const main = new Scope(model);
  const inputs = graph.inputs.map((input, i) => main.operand(names[i] as string, tensorTypeOf(input)));
  const computed = main.outputs(lowerGraph(main, graph, inputs));
  constants.forEach((array, i) => {
    model.initializers.push({ name: names[i] as string, tensor: tensorOf(array), origin: 'constant' });
  });
  const body = main.graph(
    graph.name,
    inputs.filter((_, i) => !constants.has(i)).map(({ name, type }) => infoOf(name, type)),
    computed.map((name, i) => infoOf(name, tensorTypeOf(graph.outputs[i] as Value))),
  );
  const renamed = rename(body, new Map(computed.map((name, i) => [name, outputNames[i] as string])));
  return { graph: renamed, opset, irVersion, metadata };
}

const namesOf = (hint: string, values: readonly Value[], names?: readonly string[]): readonly string[] =>
  values.map((_, i) => names?.[i] ?? `${hint}_${i}`);

function tensorTypeOf({ type }: Value): TensorType {
  if (type.kind === 'tensor') return type;
  throw new UnsupportedError('compile', `an input or output of the graph is ${formatType(type)}`, {
    expected: 'tensors: tapes are for loops inside the graph',
  });
}

/** A host array as a constant. */
export function tensorOf({ shape: dims, dtype, data }: HostArray): OnnxTensor {
  switch (dtype) {
    case 'f32':
      return { elementType: 'float', dims, data: new Float32Array(data) };
    case 'f64':
      return { elementType: 'double', dims, data: new Float64Array(data) };
    case 'i32':
      return { elementType: 'int32', dims, data: new Int32Array(data) };
    case 'bool':
      return { elementType: 'bool', dims, data: new Uint8Array(data) };
  }
}

/** The graph with some of its values renamed, in its subgraphs too. */
function rename(graph: OnnxGraph, names: ReadonlyMap<string, string>): OnnxGraph {
  const of = (name: string): string => names.get(name) ?? name;
  const renameNode = (node: OnnxNode): OnnxNode => ({
    ...node,
    inputs: node.inputs.map(of),
    outputs: node.outputs.map(of),
    attributes: Object.fromEntries(
      Object.entries(node.attributes).map(([key, attribute]) => [
        key,
        attribute.kind === 'graph' ? { kind: 'graph', value: rename(attribute.value, names) } : attribute,
      ]),
    ),
  });
  return {
    ...graph,
    nodes: graph.nodes.map(renameNode),
    outputs: graph.outputs.map((output) => ({ ...output, name: of(output.name) })),
  };
}
