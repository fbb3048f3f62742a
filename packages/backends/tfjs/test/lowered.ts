/** Graphs lowered for a backend of tfjs, and their kernels called one after the other. */
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
import { listAttributesFor, loweringsFor } from '../src/kernels/lowerings.ts';
import { tfDType } from '../src/dtypes.ts';
import { elementsOf, write } from '../src/runtime/value.ts';
import type { TfTensorInfo } from '../src/runtime/tf-module.ts';
import { Builder } from '../src/segment/builder.ts';
import { runtimeOf } from './runtimes.ts';

/** A graph as kernel calls. */
export async function lowered(
  graph: Graph,
  backendName: string,
  has: (kernel: string) => boolean = () => true,
): Promise<{ builder: Builder; outputs: readonly number[] }> {
  const { kernelOf } = await runtimeOf(backendName);
  const lowerings = loweringsFor(backendName);
  const builder = new Builder({
    backendName,
    has: (kernel) => has(kernel) && kernelOf(kernel) !== undefined,
    loweringOf: (op) => lowerings[op],
    listAttributeOf: listAttributesFor(backendName),
  });
  const operands = graph.inputs.map(({ type }) => builder.operand(type as TensorType));
  return { builder, outputs: builder.graph(graph, operands).map(({ index }) => index) };
}

/** The results of a graph on a backend, perhaps without some of its kernels. Nothing is left on it. */
export async function run(
  graph: Graph,
  inputs: readonly HostArray[],
  name: string,
  has?: (kernel: string) => boolean,
): Promise<readonly HostArray[]> {
  const { backend, kernelOf } = await runtimeOf(name);
  const before = backend.numDataIds();
  const { builder, outputs } = await lowered(graph, name, has);
  const registers: TfTensorInfo[] = inputs.map((input) => write(backend, 'test', input));
  for (const { register, array } of builder.constants) registers[register] = write(backend, 'test', array);
  for (const { kernel, names, operands, attributes, result, shape, dtype } of builder.calls) {
    const given = operands.map(({ index }) => registers[index]!);
    const named = names === undefined ? given : Object.fromEntries(names.map((key, i) => [key, given[i]!]));
    const made = kernelOf(kernel)!.kernelFunc({ inputs: named, attrs: attributes, backend });
    const info = Array.isArray(made) ? made[0]! : made;
    expect([kernel, info.dtype, ...info.shape]).toEqual([kernel, dtype, ...shape]);
    registers[result] = info;
  }
  const results = outputs.map((index, i) => {
    const { shape, dtype } = graph.outputs[i]!.type as TensorType;
    const elements = elementsOf(tfDType('test', dtype), backend.readSync(registers[index]!.dataId));
    return hostArray(elements.slice(), shape, dtype);
  });
  registers.forEach(({ dataId }) => backend.disposeData(dataId));
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
  has?: (kernel: string) => boolean,
): Promise<void> {
  await expectSame(singleNode(op, params, args), args, backendName, slack, has);
}

/** The same of a graph. */
export async function expectSame(
  graph: Graph,
  args: readonly HostArray[],
  backendName: string,
  slack = 1,
  has?: (kernel: string) => boolean,
): Promise<void> {
  const [actual, expected] = [await run(graph, args, backendName, has), await runReference(graph, args)];
  expected.forEach((wanted, k) => {
    const found = actual[k]!;
    expect([found.dtype, ...found.shape]).toEqual([wanted.dtype, ...wanted.shape]);
    wanted.data.forEach((x, i) => {
      const y = found.data[i]!;
      const isNear = Number.isFinite(x) && Math.abs(x - y) <= slack * (1e-6 + 1e-5 * Math.abs(x));
      const isSame = Object.is(x, y) || x === y || isNear;
      if (!isSame) expect.fail(`${graph.name} on ${backendName}: element ${i} of result ${k} is ${y}, not ${x}`);
    });
  });
}
