/** Graphs lowered for a backend of tfjs, and their kernels called one after the other. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import { reference } from '@node-ode/backend-reference';
import {
  hostArray,
  inferTypes,
  lower,
  tensorType,
  value,
  type Application,
  type Graph,
  type HostArray,
  type Node,
  type NodeOf,
  type TensorType,
} from '@node-ode/core';
import { expect } from 'vitest';
import type { PlainPrimitive } from '../src/kernels/contract.ts';
import { loweringsFor } from '../src/kernels/lowerings.ts';
import { elementsOf, write } from '../src/runtime/value.ts';
import type { TfKernelBackend, TfTensorInfo } from '../src/runtime/tf-module.ts';
import { Builder } from '../src/segment/builder.ts';

/** A backend of tfjs that is ready. */
export async function tfBackend(name: string): Promise<TfKernelBackend> {
  await tf.setBackend(name);
  await tf.ready();
  return tf.backend() as unknown as TfKernelBackend;
}

/** A graph as kernel calls. */
export function lowered(graph: Graph, backendName: string): { builder: Builder; outputs: readonly number[] } {
  const has = (kernel: string): boolean => tf.getKernel(kernel, backendName) !== undefined;
  const lowerings = loweringsFor(backendName);
  const builder = new Builder({ backendName, has, loweringOf: (op) => lowerings[op] });
  const operands = graph.inputs.map(({ type }) => builder.operand(type as TensorType));
  return { builder, outputs: builder.graph(graph, operands).map(({ index }) => index) };
}

/** The results of a graph on a backend. Nothing is left on it. */
export async function run(graph: Graph, inputs: readonly HostArray[], name: string): Promise<readonly HostArray[]> {
  const backend = await tfBackend(name);
  const before = backend.numDataIds();
  const { builder, outputs } = lowered(graph, name);
  const registers: TfTensorInfo[] = inputs.map((input) => write(backend, 'test', input));
  for (const { register, array } of builder.constants) registers[register] = write(backend, 'test', array);
  for (const { kernel, names, operands, attributes, result, shape, dtype } of builder.calls) {
    const given = operands.map((index) => registers[index]!);
    const operandsOf = names === undefined ? given : Object.fromEntries(names.map((key, i) => [key, given[i]!]));
    const config = tf.getKernel(kernel, name)!;
    const made = config.kernelFunc({ inputs: operandsOf as never, attrs: attributes as never, backend });
    const info = (Array.isArray(made) ? made[0] : made) as TfTensorInfo;
    expect([kernel, info.dtype, ...info.shape]).toEqual([kernel, dtype, ...shape]);
    registers[result] = info;
  }
  const results = outputs.map((index, i) => {
    const { shape, dtype } = graph.outputs[i]!.type as TensorType;
    const info = registers[index]!;
    return hostArray(elementsOf(info.dtype as 'float32', backend.readSync(info.dataId)).slice(), shape, dtype);
  });
  for (const info of registers) if (info !== undefined) backend.disposeData(info.dataId);
  expect(backend.numDataIds()).toBe(before);
  return results;
}

/** A graph of one application of a primitive. */
export function singleNode<P extends PlainPrimitive>(
  op: P,
  params: NodeOf<P>['params'],
  args: readonly HostArray[],
): Graph {
  const inputs = args.map(({ shape, dtype }) => value(tensorType(shape, dtype)));
  const application = { op, inputs, params } as Application;
  const node = { ...application, outputs: inferTypes(application).map(value) } as Node;
  return { name: op, inputs, nodes: [node], outputs: node.outputs };
}

/** The results of a graph in the reference engine. */
export async function runReference(graph: Graph, inputs: readonly HostArray[]): Promise<readonly HostArray[]> {
  const engine = reference();
  const executable = await engine.compile(lower(graph, new Set(engine.capabilities.composites)));
  const outputs = await executable.run(await Promise.all(inputs.map((input) => engine.upload(input))));
  return Promise.all(outputs.map((output) => output.read()));
}

/** Holds a primitive's result on a backend to the reference engine's, within `slack` times the conformance kit's bounds. */
export async function expectReference<P extends PlainPrimitive>(
  backendName: string,
  op: P,
  params: NodeOf<P>['params'],
  args: readonly HostArray[],
  slack = 1,
): Promise<void> {
  const graph = singleNode(op, params, args);
  await expectSame(graph, args, backendName, slack);
}

/** The same of a graph. */
export async function expectSame(
  graph: Graph,
  args: readonly HostArray[],
  backendName: string,
  slack = 1,
): Promise<void> {
  const [actual, expected] = [await run(graph, args, backendName), await runReference(graph, args)];
  expected.forEach((wanted, k) => {
    const found = actual[k]!;
    expect([found.dtype, ...found.shape]).toEqual([wanted.dtype, ...wanted.shape]);
    wanted.data.forEach((x, i) => {
      const y = found.data[i]!;
      const isSame = Object.is(x, y) || x === y || Math.abs(x - y) <= slack * (1e-6 + 1e-5 * Math.abs(x));
      if (!isSame) expect.fail(`${graph.name} on ${backendName}: element ${i} of result ${k} is ${y}, not ${x}`);
    });
  });
}
