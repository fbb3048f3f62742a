/** Loop-invariant motion: what a loop body computes from captured values alone is computed once, before the loop. */
import { value, type Graph, type Node, type Value } from '../graph/graph.ts';
import type { Primitive } from '../graph/primitives.ts';
import { isStructured, throughout } from './subgraphs.ts';

/** Hoists invariants out of every loop of a graph, innermost first. */
export const hoistLoopInvariants = throughout((graph) => {
  const nodes = graph.nodes.flatMap((node) => hoist(node));
  return nodes.length === graph.nodes.length ? graph : { ...graph, nodes };
});

/** Cheap to make again, or larger than what they are made of. */
const staying: ReadonlySet<Primitive> = new Set<Primitive>(['constant', 'iota', 'broadcastTo']);

/** Could fail when it runs; a loop of no trips must not. */
function canFail(node: Node): boolean {
  if (node.op === 'gather' || node.op === 'scatterAdd' || node.op === 'setRow') return true;
  const type = node.inputs[0]?.type;
  return (node.op === 'div' || node.op === 'rem') && type?.kind === 'tensor' && type.dtype === 'i32';
}

/** The node, after the nodes that its loop body need not repeat. */
function hoist(node: Node): readonly Node[] {
  if (node.op !== 'whileLoop' && node.op !== 'scan') return [node];
  const { body, constants } = node.params;
  const outer = new Map<Value, Value>();
  body.inputs.slice(0, constants).forEach((inner, i) => outer.set(inner, node.inputs[i] as Value));
  const fixed = new Set(outer.keys());
  const hoisted: Node[] = [];
  const kept: Node[] = [];
  const made = new Map<Value, Value>();
  for (const inner of body.nodes) {
    const isInvariant = inner.inputs.length > 0 && inner.inputs.every((input) => outer.has(input));
    if (!isInvariant || isStructured(inner) || staying.has(inner.op) || canFail(inner)) {
      kept.push(inner);
      continue;
    }
    const outputs = inner.outputs.map(({ type }) => value(type));
    inner.outputs.forEach((output, i) => {
      outer.set(output, outputs[i] as Value);
      made.set(output, outputs[i] as Value);
    });
    hoisted.push({ ...inner, inputs: inner.inputs.map((input) => outer.get(input) as Value), outputs } as Node);
  }
  if (hoisted.length === 0) return [node];
  // Only what the rest of the body still reads is passed in.
  const read = new Set<Value>([...body.outputs, ...kept.flatMap((inner) => inner.inputs)]);
  const passed = [...made].filter(([inner]) => read.has(inner));
  const inputs = [...node.inputs.slice(0, constants), ...passed.map(([, result]) => result), ...node.inputs.slice(constants)];
  const extend = (graph: Graph, added: readonly Value[], nodes: readonly Node[]): Graph => ({
    ...graph,
    inputs: [...graph.inputs.slice(0, constants), ...added, ...graph.inputs.slice(constants)],
    nodes,
  });
  const newBody = extend(body, passed.map(([inner]) => inner), kept);
  const count = fixed.size + passed.length;
  if (node.op === 'scan') return [...hoisted, { ...node, inputs, params: { ...node.params, body: newBody, constants: count } }];
  const { condition } = node.params;
  const newCondition = extend(condition, passed.map(([inner]) => value(inner.type)), condition.nodes);
  return [...hoisted, { ...node, inputs, params: { ...node.params, body: newBody, condition: newCondition, constants: count } }];
}
