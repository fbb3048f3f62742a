/** Graphs by hand for tests, and a run that checks the interpreter's bookkeeping besides its results. */
import {
  array,
  checkGraph,
  inferTypes,
  tensorType,
  toNested,
  value,
  type DeviceArray,
  type DType,
  type Graph,
  type HostArray,
  type NestedArray,
  type Node,
  type Primitive,
  type PrimitiveParams,
  type RunCounters,
  type TensorType,
  type Value,
  type ValueType,
} from '@node-ode/core';
import { expect } from 'vitest';
import { bufferArrays, copyToDevice } from '../src/device-array.ts';
import { executable } from '../src/executable.ts';
import { Memory } from '../src/memory.ts';

export const f32 = (...shape: number[]): TensorType => tensorType(shape, 'f32');
export const f64 = (...shape: number[]): TensorType => tensorType(shape, 'f64');
export const i32 = (...shape: number[]): TensorType => tensorType(shape, 'i32');
export const bool = (...shape: number[]): TensorType => tensorType(shape, 'bool');

/** Adds nodes to the graph being built. */
export interface Scope {
  /** A node with any number of results. */
  many<P extends Primitive>(op: P, inputs: readonly Value[], params: PrimitiveParams[P]): readonly Value[];
  /** A node with one result. */
  one<P extends Primitive>(op: P, inputs: readonly Value[], params?: PrimitiveParams[P]): Value;
  constant(value: number, dtype?: DType, shape?: readonly number[]): Value;
}

/** A graph whose nodes are added by `body`, with inputs of the given types. */
export function build(
  name: string,
  types: readonly ValueType[],
  body: (scope: Scope, ...inputs: Value[]) => readonly Value[],
): Graph {
  const nodes: Node[] = [];
  const many: Scope['many'] = (op, inputs, params) => {
    const node = { op, inputs, params, outputs: [] as Value[] };
    node.outputs.push(...inferTypes(node as unknown as Node).map((type) => value(type)));
    nodes.push(node as unknown as Node);
    return node.outputs;
  };
  const one: Scope['one'] = (op, inputs, params) => many(op, inputs, params ?? ({} as never))[0]!;
  const inputs = types.map((type) => value(type));
  const scope: Scope = {
    many,
    one,
    constant: (constant, dtype = 'f64', shape = []) => one('constant', [], { value: constant, shape, dtype }),
  };
  const outputs = body(scope, ...inputs);
  return { name, inputs, nodes, outputs };
}

export interface Evaluation {
  readonly outputs: readonly HostArray[];
  readonly counters: RunCounters;
}

/**
 * Runs a graph twice on one executable, freed memory poisoned. Both runs must agree bit for bit, the inputs must be as
 * they were, and when everything is disposed of no byte may be left alive.
 */
export function evaluate(graph: Graph, inputs: readonly HostArray[]): Evaluation {
  checkGraph(graph);
  const memory = new Memory(true);
  const arrays = bufferArrays('reference', memory);
  const compiled = executable(graph, memory, arrays);
  const given: DeviceArray[] = inputs.map((input) =>
    arrays.make(copyToDevice(memory, input), input.shape, input.dtype),
  );
  const run = (): readonly HostArray[] => {
    const results = compiled.runSync!(given);
    const outputs = results.map((result) => arrays.download('test', result));
    given.forEach((input, i) => {
      expect(arrays.download('test', input).data, `input ${i}`).toEqual(inputs[i]!.data);
    });
    results.forEach((result) => {
      result.dispose();
    });
    return outputs;
  };
  const outputs = run();
  const counters = compiled.counters!()!;
  expect(run()).toEqual(outputs);
  given.forEach((input) => {
    input.dispose();
  });
  compiled.dispose();
  expect(memory.live, 'bytes alive after everything was disposed of').toBe(0);
  return { outputs, counters };
}

/** The outputs of a graph as nested arrays. */
export const results = (graph: Graph, inputs: readonly HostArray[]): readonly NestedArray[] =>
  evaluate(graph, inputs).outputs.map(toNested);

/** The result of one primitive on host arrays, as a nested array. */
export function apply<P extends Primitive>(
  op: P,
  inputs: readonly HostArray[],
  params?: PrimitiveParams[P],
): NestedArray {
  const types = inputs.map(({ shape, dtype }) => tensorType(shape, dtype));
  return results(
    build('test', types, (scope, ...values) => [scope.one(op, values, params)]),
    inputs,
  )[0]!;
}

export const F32 = (source: NestedArray, shape?: readonly number[]): HostArray => of('f32', source, shape);
export const F64 = (source: NestedArray, shape?: readonly number[]): HostArray => of('f64', source, shape);
export const I32 = (source: NestedArray, shape?: readonly number[]): HostArray => of('i32', source, shape);
export const Bool = (source: NestedArray, shape?: readonly number[]): HostArray => of('bool', source, shape);

const of = (dtype: DType, source: NestedArray, shape?: readonly number[]): HostArray =>
  shape === undefined ? array(source, { dtype }) : array(array(source, { dtype }).data, { dtype, shape });

/** 0, 1, 2, … of a shape. */
export const range = (dtype: DType, ...shape: number[]): HostArray =>
  array(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
    { shape, dtype },
  );
