/**
 * Forward mode, graph to graph: a graph is applied to tensors node by node, and each node gives the tangents of its results
 * from those of its operands. Everything is made of tensor operations, so derivatives are differentiable again.
 */
import { passReports, withReports } from '../../control/thread.ts';
import type { Graph, Node, NodeOf, Value } from '../../graph/graph.ts';
import { isDifferentiable } from '../../graph/infer.ts';
import type { BasicPrimitive, CompositePrimitive } from '../../graph/primitives.ts';
import { eliminateDeadCode } from '../../passes/dead-code.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { asTensorResult, capturesOf, closeGraph, openTrace, type Traced } from '../../tensor/trace.ts';
import { applyNode, decomposition, lookUp } from '../linearize.ts';
import { pushCall } from './call.ts';
import { pushCond } from './cond.ts';
import { pushCustomVjp } from './custom-vjp.ts';
import { tangentRules, type TangentRuleOf } from './rules.ts';
import { pushScan } from './scan.ts';
import type { Tangent } from './tangent.ts';
import { pushWhile } from './while-loop.ts';

/** A node or graph applied to tensors, with a tangent for each result. */
export interface Pushed {
  readonly outputs: readonly Traced[];
  readonly tangents: readonly Tangent[];
}

/** Applies a graph to tensors and pushes their tangents forward. */
export function pushForward(graph: Graph, inputs: readonly Traced[], tangents: readonly Tangent[]): Pushed {
  const values = new Map<Value, Traced>();
  const moving = new Map<Value, Traced>();
  const set = (value: Value, x: Traced, tangent: Tangent): void => {
    values.set(value, x);
    if (tangent !== null && isDifferentiable(value.type)) moving.set(value, tangent);
  };
  const tangentsOf = (all: readonly Value[]): readonly Tangent[] => all.map((value) => moving.get(value) ?? null);
  graph.inputs.forEach((input, i) => {
    set(input, inputs[i] as Traced, tangents[i] ?? null);
  });
  for (const node of graph.nodes) {
    const operands = lookUp(values, node.inputs);
    const given = tangentsOf(node.inputs);
    const isMoving = given.some((tangent) => tangent !== null);
    const pushed = isMoving ? pushNode(node, operands, given) : unmoved(node, operands);
    node.outputs.forEach((output, i) => {
      set(output, pushed.outputs[i] as Traced, pushed.tangents[i] ?? null);
    });
  }
  return { outputs: lookUp(values, graph.outputs), tangents: tangentsOf(graph.outputs) };
}

/** A node whose results have no tangents. */
export const unmoved = (node: Node, inputs: readonly Traced[]): Pushed => ({
  outputs: applyNode(node, inputs),
  tangents: [],
});

/** The results of a function, and their tangents from those of its arguments. What it captures is constant. */
export function pushFunction(
  name: string,
  fn: (inputs: readonly Traced[]) => readonly Traced[],
  inputs: readonly Traced[],
  tangents: readonly Tangent[],
): Pushed {
  const { trace, inputs: parameters } = openTrace(
    name,
    inputs.map((input) => input.type),
  );
  const { results, reports } = withReports(trace, fn(parameters));
  const body = trace.close(results);
  const captures = capturesOf(body);
  const graph = eliminateDeadCode(closeGraph(body, captures));
  const pushed = pushForward(graph, [...captures, ...inputs], [...captures.map(() => null), ...tangents]);
  const visible = results.length - reports.length;
  passReports(reports, pushed.outputs.slice(visible));
  return { outputs: pushed.outputs.slice(0, visible), tangents: pushed.tangents.slice(0, visible) };
}

function pushNode(node: Node, inputs: readonly Traced[], tangents: readonly Tangent[]): Pushed {
  switch (node.op) {
    case 'call':
      return pushCall(node, inputs, tangents);
    case 'cond':
      return pushCond(node, inputs, tangents);
    case 'whileLoop':
      return pushWhile(node, inputs, tangents);
    case 'scan':
      return pushScan(node, inputs, tangents);
    case 'customVjp':
      return pushCustomVjp(node, inputs, tangents);
    case 'stopGradient':
      return unmoved(node, inputs);
    default:
      return pushPrimitive(node, inputs.map(asTensorResult), tangents);
  }
}

function pushPrimitive(
  node: NodeOf<BasicPrimitive | CompositePrimitive>,
  inputs: readonly Tensor[],
  tangents: readonly Tangent[],
): Pushed {
  const rule = tangentRules[node.op] as TangentRuleOf | 'decompose';
  if (rule === 'decompose') {
    return pushForward(decomposition(node.op as CompositePrimitive, node, inputs), inputs, tangents);
  }
  const [y] = applyNode(node as Node, inputs).map(asTensorResult) as [Tensor];
  const given = tangents.map((tangent) => (tangent === null ? null : asTensorResult(tangent)));
  return { outputs: [y], tangents: [rule({ op: node.op, inputs, tangents: given, y, params: node.params })] };
}
