/** Small models and programs by hand: what the runtime does with them depends on no lowering. */
import { formatType, tensorType, value, type Graph, type TensorType } from '@node-ode/core';
import { elementTypeOf, irVersion, opset, type OnnxModel, type OnnxNode } from '../src/model/ir.ts';
import type { OrtValue } from '../src/runtime/contract.ts';
import type { CompileProgram } from '../src/runtime/programs.ts';

/** A node without attributes: `['Add', 'x', 'x', 'y']` is y = x + x. */
export type SmallNode = readonly [opType: string, ...operandsAndResult: string[]];

/** A model of nodes without attributes; inputs and outputs have names and types. */
export function smallModel(
  name: string,
  inputs: Readonly<Record<string, TensorType>>,
  outputs: Readonly<Record<string, TensorType>>,
  nodes: readonly SmallNode[],
): OnnxModel {
  const infos = (of: Readonly<Record<string, TensorType>>) =>
    Object.entries(of).map(([key, { dtype, shape }]) => ({
      name: key,
      elementType: elementTypeOf(dtype),
      dims: shape,
    }));
  return {
    graph: {
      name,
      inputs: infos(inputs),
      outputs: infos(outputs),
      initializers: [],
      nodes: nodes.map(([opType, ...names]): OnnxNode => ({
        opType,
        inputs: names.slice(0, -1),
        outputs: names.slice(-1),
        attributes: {},
        origin: opType.toLowerCase(),
      })),
    },
    opset,
    irVersion,
    metadata: {},
  };
}

export const f32 = (...shape: number[]): TensorType => tensorType(shape, 'f32');

/** A graph with an interface and no nodes: `smallPrograms` says what it does. */
export const emptyGraph = (name: string, inputs: readonly TensorType[], outputs: readonly TensorType[]): Graph => {
  const values = inputs.map((type) => value(type));
  // An output is any input of its type, or nothing would define it.
  const like = (type: TensorType) => values.find((_, i) => formatType(inputs[i]!) === formatType(type))!;
  return { name, inputs: values, nodes: [], outputs: outputs.map(like) };
};

/** Runs the model of that name for a graph; `pass` gives back its inputs themselves, last first. */
export const smallPrograms =
  (models: Readonly<Record<string, OnnxModel>>): CompileProgram =>
  async ({ name }, runtime, { provider }) => {
    const model = models[name]!;
    const session = await runtime.open(model, { hostOutputs: new Set() });
    return {
      placement: [{ part: 'model', provider, operations: [], nodes: model.graph.nodes.length }],
      run: async (inputs) => {
        if (name === 'pass') return [...inputs].reverse();
        const feeds = Object.fromEntries(model.graph.inputs.map((input, i) => [input.name, inputs[i] as OrtValue]));
        const results = await session.run(feeds);
        return model.graph.outputs.map((output) => results[output.name] as OrtValue);
      },
      dispose: () => session.release(),
    };
  };
