/** A graph node by node: primitives by their rules, called graphs in place, control flow as subgraphs. */
import {
  formatType,
  inferTypes,
  lower,
  UnsupportedError,
  value,
  type Application,
  type Graph,
  type Node,
  type Primitive,
  type TensorType,
  type Value,
} from '@node-ode/core';
import type { Lowering, Operand } from './contract.ts';
import { findFusions, type Fusion } from './fusions.ts';
import { lowerCond, lowerScan, lowerWhileLoop } from './control.ts';
import { nativeComposites, rules, type PlainPrimitive } from './rules.ts';
import { asOperand, type Lowered } from './lowered.ts';
import type { SharedRules } from './model-scope.ts';
import type { Scope } from './scope.ts';

/** Lowers the nodes of a graph into a scope; `inputs` are what its inputs are there. Gives what its outputs became. */
export function lowerGraph(scope: Scope, graph: Graph, inputs: readonly Lowered[]): readonly Lowered[] {
  const lowered = new Map<Value, Lowered>(graph.inputs.map((input, i) => [input, inputs[i] as Lowered]));
  const of = (values: readonly Value[]): readonly Lowered[] => values.map((x) => lowered.get(x) as Lowered);
  const { at, absorbed } = findFusions(graph, scope.target);
  for (const node of graph.nodes) {
    if (absorbed.has(node)) continue;
    scope.origin = node.op;
    const fusion = at.get(node);
    const results =
      fusion === undefined
        ? lowerNode(scope, node, of(node.inputs))
        : [lowerFusion(scope, fusion, node, of(fusion.operands))];
    node.outputs.forEach((output, i) => lowered.set(output, results[i] as Lowered));
  }
  return of(graph.outputs);
}

function lowerNode(scope: Scope, node: Node, inputs: readonly Lowered[]): readonly Lowered[] {
  switch (node.op) {
    case 'call':
      return lowerGraph(scope, node.params.graph, inputs);
    case 'cond':
      return lowerCond(scope, node, inputs, lowerGraph);
    case 'whileLoop':
      return lowerWhileLoop(scope, node, inputs, lowerGraph);
    case 'scan':
      return lowerScan(scope, node, inputs, lowerGraph);
    case 'constant':
      return [scope.splat(node.params.value, tensorTypeOf(node))];
    default: {
      const operands = inputs.map((input) => asOperand(input, node.op));
      return [lowerPlain(scope, node, operands)];
    }
  }
}

const lowerFusion = (scope: Scope, fusion: Fusion, node: Node, operands: readonly Lowered[]): Operand =>
  scope.operand(
    fusion.emit(
      scope,
      operands.map((operand) => asOperand(operand, node.op)),
    ),
    tensorTypeOf(node),
  );

function lowerPlain(scope: Scope, node: Node, operands: readonly Operand[]): Operand {
  if (!(node.op in rules)) {
    throw new UnsupportedError(node.op, 'the graph was not lowered', {
      advice: 'Call lower(graph, composites) first.',
    });
  }
  const rule = rules[node.op as PlainPrimitive] as Lowering<Primitive>;
  return scope.operand(rule(scope, node, operands), tensorTypeOf(node));
}

const applicationOf = (op: Primitive, operands: readonly Operand[], params: Node['params']): Node => {
  const application = { op, inputs: operands.map(({ type }) => value(type)), params } as Application;
  return { ...application, outputs: inferTypes(application).map(value) } as Node;
};

/** What rules are made of that use other rules. */
export const sharedRules: SharedRules = {
  apply: (scope, op, operands, params) => lowerPlain(scope, applicationOf(op, operands, params), operands),
  decompose: (scope, { op, params }, operands) => {
    const { inputs, outputs, ...node } = applicationOf(op, operands, params);
    const graph: Graph = { name: op, inputs, nodes: [{ ...node, inputs, outputs } as Node], outputs };
    const kept = nativeComposites.filter((composite) => composite !== op);
    return asOperand(lowerGraph(scope, lower(graph, new Set(kept)), operands)[0], op).name;
  },
};

function tensorTypeOf(node: Node): TensorType {
  const type = node.outputs[0]?.type;
  if (type?.kind === 'tensor') return type;
  throw new UnsupportedError(node.op, `a result is ${type === undefined ? 'missing' : formatType(type)}`);
}
