/** Constant folding: what is computed from constants alone, element by element, is computed once and for all. */
import { foldScalar, isElementwise, roundTo } from '../graph/evaluate.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import { inlineGraph, mapGraph, type GraphBuilder } from './rewrite.ts';

/**
 * Replaces elementwise operations on constants, and movements of one, by constants; a `cond` whose predicate is constant by
 * the branch that is taken. Nothing that depends on an extent (a sum, a size) is folded, so that extents may still vary
 * where the graph goes; and nothing that may fail (an i32 division by zero).
 *
 * @example
 * // %0 = constant 2, %1 = constant 3, %2 = mul(%0, %1)  becomes  %2 = constant 6
 * foldConstants(graph);
 */
export const foldConstants = (graph: Graph): Graph =>
  mapGraph(
    graph,
    (builder) => (node) => {
      if (node.op === 'cond') return inlineTaken(node, builder);
      const result = fold(node, builder);
      return result === undefined ? undefined : fill(node, result, builder);
    },
    settled,
  );

const settled = new WeakSet<Graph>();

/** The number that every element of a value is, as its dtype holds it; undefined if it is not known to be one. */
export function fillOf(builder: GraphBuilder, x: Value | undefined): number | undefined {
  const node = x === undefined ? undefined : builder.producer(x);
  return node?.op === 'constant' ? roundTo(node.params.dtype, node.params.value) : undefined;
}

/** A constant of the type of a node's result. */
export function fill({ outputs }: Node, number: number, builder: GraphBuilder): readonly Value[] | undefined {
  const type = outputs[0]?.type;
  if (type?.kind !== 'tensor') return undefined;
  return builder.emit('constant', [], { value: number, shape: type.shape, dtype: type.dtype });
}

function inlineTaken(
  { params, inputs }: Extract<Node, { op: 'cond' }>,
  builder: GraphBuilder,
): readonly Value[] | undefined {
  const predicate = fillOf(builder, inputs[0]);
  if (predicate === undefined) return undefined;
  return inlineGraph(builder, predicate !== 0 ? params.then : params.else, inputs.slice(1));
}

/** The number that every element of a node's result is, if its operands are constants. */
function fold(node: Node, builder: GraphBuilder): number | undefined {
  if (node.inputs.length === 0) return undefined;
  const numbers: number[] = [];
  for (const input of node.inputs) {
    const number = fillOf(builder, input);
    if (number === undefined) return undefined;
    numbers.push(number);
  }
  const [x = NaN, y, z] = numbers;
  const type = node.inputs[0]?.type;
  if (type?.kind !== 'tensor') return undefined;
  switch (node.op) {
    case 'reshape':
    case 'broadcastTo':
    case 'transpose':
    case 'slice':
      return x;
    case 'pad':
      return Object.is(roundTo(type.dtype, node.params.value), x) ? x : undefined;
    case 'concat':
      return numbers.every((other) => Object.is(other, x)) ? x : undefined;
    case 'select':
      return x !== 0 ? y : z;
    case 'cast':
      // What an integer is made of a number that it cannot hold is the engine's to say.
      return node.params.dtype === 'i32' && Math.trunc(x) !== roundTo('i32', x)
        ? undefined
        : roundTo(node.params.dtype, x);
    default:
      return isElementwise(node) ? foldScalar(node.op, numbers, type.dtype) : undefined;
  }
}
