/** For the tests of the passes: graphs written in one expression, and questions about graphs. */
import type { DType } from '../../src/graph/dtype.ts';
import {
  tensorType,
  value,
  type Graph,
  type NodeOf,
  type Shape,
  type TensorType,
  type Value,
  type ValueType,
} from '../../src/graph/graph.ts';
import { subgraphsOf } from '../../src/graph/print.ts';
import type { Primitive, PrimitiveParams } from '../../src/graph/primitives.ts';
import { GraphBuilder } from '../../src/passes/rewrite.ts';

/** Appends nodes; `op` gives the first result of the node that it appends. */
export interface TestBuilder {
  readonly op: <P extends Primitive>(op: P, inputs: readonly Value[], params?: PrimitiveParams[P]) => Value;
  readonly all: GraphBuilder['emit'];
  readonly constant: (number: number, shape?: Shape, dtype?: DType) => Value;
}

/** A graph whose inputs have these types and whose outputs `make` gives. */
export function buildGraph(
  name: string,
  types: readonly ValueType[],
  make: (builder: TestBuilder, ...inputs: readonly Value[]) => readonly Value[],
): Graph {
  const builder = new GraphBuilder();
  const inputs = types.map(value);
  const all: TestBuilder['all'] = (op, operands, params) => builder.emit(op, operands, params);
  const op: TestBuilder['op'] = (primitive, operands, params) =>
    all(primitive, operands, params ?? ({} as PrimitiveParams[typeof primitive]))[0] as Value;
  const constant: TestBuilder['constant'] = (number, shape = [], dtype = 'f64') =>
    op('constant', [], { value: number, shape, dtype });
  const outputs = make({ op, all, constant }, ...inputs);
  return { name, inputs, nodes: builder.nodes, outputs };
}

export const f64 = (...shape: readonly number[]): TensorType => tensorType(shape, 'f64');
export const i32: TensorType = tensorType([], 'i32');
export const bool: TensorType = tensorType([], 'bool');

/** The primitives of a graph's own nodes, in order. */
export const opsOf = (graph: Graph): readonly Primitive[] => graph.nodes.map((node) => node.op);

/** A graph's first node of a primitive. */
export function nodeOf<P extends Primitive>(graph: Graph, op: P): NodeOf<P> {
  const found = graph.nodes.find((node) => node.op === op);
  if (found === undefined) throw new Error(`no ${op} in ${graph.name}`);
  return found as NodeOf<P>;
}

/** Every graph in a graph, itself included, each once. */
export function graphsIn(graph: Graph): ReadonlySet<Graph> {
  const graphs = new Set<Graph>();
  const visit = (current: Graph): void => {
    if (graphs.has(current)) return;
    graphs.add(current);
    for (const node of current.nodes) subgraphsOf(node).forEach(visit);
  };
  visit(graph);
  return graphs;
}
