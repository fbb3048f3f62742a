/** One primitive on host arrays: through ONNX Runtime, and through the reference engine. */
import { reference } from '@node-ode/backend-reference';
import {
  inferTypes,
  lower,
  tensorType,
  value,
  type Application,
  type Graph,
  type HostArray,
  type Node,
  type Primitive,
  type NodeOf,
} from '@node-ode/core';
import { expect } from 'vitest';
import type { Provider } from '../src/lower/contract.ts';
import { runGraph } from './run-graph.ts';

/** A number that is an operand becomes a constant of the graph. */
export type Argument =
  HostArray | { readonly splat: number; readonly shape: readonly number[]; readonly dtype: 'f32' | 'f64' | 'i32' };

/** A graph of one application of a primitive; a host array is one input, however often it is used. */
export function singleNode<P extends Primitive>(
  op: P,
  params: NodeOf<P>['params'],
  args: readonly Argument[],
): { readonly graph: Graph; readonly inputs: readonly HostArray[] } {
  const inputs = [...new Set(args.filter((x): x is HostArray => 'data' in x))];
  const inputValues = inputs.map(({ shape, dtype }) => value(tensorType(shape, dtype)));
  const constants: Node[] = [];
  const operands = args.map((x) => {
    if ('data' in x) return inputValues[inputs.indexOf(x)] as (typeof inputValues)[number];
    const output = value(tensorType(x.shape, x.dtype));
    constants.push({
      op: 'constant',
      inputs: [],
      params: { value: x.splat, shape: x.shape, dtype: x.dtype },
      outputs: [output],
    });
    return output;
  });
  const application = { op, inputs: operands, params } as Application;
  const node = { ...application, outputs: inferTypes(application).map(value) } as Node;
  return { graph: { name: op, inputs: inputValues, nodes: [...constants, node], outputs: node.outputs }, inputs };
}

/** The result of one application in ONNX Runtime. */
export async function apply<P extends Primitive>(
  op: P,
  params: NodeOf<P>['params'],
  args: readonly Argument[],
  provider: Provider = 'cpu',
  channelBlock = 0,
): Promise<HostArray> {
  const { graph, inputs } = singleNode(op, params, args);
  return (await runGraph(graph, inputs, provider, { provider, channelBlock }))[0] as HostArray;
}

/** The result of one application in the reference engine. */
export async function applyReference<P extends Primitive>(
  op: P,
  params: NodeOf<P>['params'],
  args: readonly Argument[],
): Promise<HostArray> {
  const { graph, inputs } = singleNode(op, params, args);
  const engine = reference();
  const executable = await engine.compile(lower(graph, new Set(engine.capabilities.composites)));
  const outputs = await executable.run(await Promise.all(inputs.map((input) => engine.upload(input))));
  return (outputs[0] as (typeof outputs)[number]).read();
}

interface Comparison {
  readonly slack?: number;
  readonly provider?: Provider;
  readonly channelBlock?: number;
}

/** Holds ONNX Runtime's result to the reference engine's; floats within `slack` times the conformance kit's bounds. */
export async function expectReference<P extends Primitive>(
  op: P,
  params: NodeOf<P>['params'],
  args: readonly Argument[],
  { slack = 1, provider = 'cpu', channelBlock = 0 }: Comparison = {},
): Promise<void> {
  const [actual, expected] = await Promise.all([
    apply(op, params, args, provider, channelBlock),
    applyReference(op, params, args),
  ]);
  expect([actual.dtype, ...actual.shape]).toEqual([expected.dtype, ...expected.shape]);
  const [rtol, atol] = { f32: [1e-5, 1e-6], f64: [1e-12, 1e-13], i32: [0, 0], bool: [0, 0] }[expected.dtype];
  expected.data.forEach((wanted, i) => {
    const found = actual.data[i] ?? NaN;
    const agrees =
      Object.is(found, wanted) ||
      found === wanted ||
      Math.abs(found - wanted) <= slack * ((atol ?? 0) + (rtol ?? 0) * Math.abs(wanted));
    if (!agrees) expect.fail(`${op}: element ${i} is ${found}, not ${wanted}`);
  });
}
