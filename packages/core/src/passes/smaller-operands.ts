/** Elementwise operations broadcast by themselves: an operand need not be blown up before. */
import { broadcastShapes } from '../graph/broadcast.ts';
import { sameShape, type Node, type Shape, type Value } from '../graph/graph.ts';
import { isElementwise } from '../graph/evaluate.ts';
import type { GraphBuilder } from './rewrite.ts';

/**
 * A node that broadcasts, given scalars for constants, and for other operands what they were broadcast from, where its result
 * keeps its shape all the same. Other nodes stay as they are.
 */
export function withSmallerOperands(node: Node, builder: GraphBuilder): Node {
  const shape = node.outputs[0] && shapeOf(node.outputs[0]);
  if (shape === undefined || node.inputs.length < 2 || !(node.op === 'select' || isElementwise(node))) return node;
  const shapes = node.inputs.map(shapeOf);
  const inputs = [...node.inputs];
  let isSmaller = false;
  const shrink = (i: number, to: Shape, source: () => Value): void => {
    const others = shapes.map((other, k) => (k === i ? to : other));
    if (!sameShape(broadcastShapes(node.op, ...others), shape)) return;
    shapes[i] = to;
    inputs[i] = source();
    isSmaller = true;
  };
  // Constants first: they become scalars for nothing.
  node.inputs.forEach((input, i) => {
    const constant = builder.producer(input);
    if (constant?.op !== 'constant' || constant.params.shape.length === 0) return;
    shrink(i, [], () => builder.emit('constant', [], { ...constant.params, shape: [] })[0] as Value);
  });
  node.inputs.forEach((input, i) => {
    const broadcast = builder.producer(input);
    const source = broadcast?.op === 'broadcastTo' ? broadcast.inputs[0] : undefined;
    if (source !== undefined) shrink(i, shapeOf(source), () => source);
  });
  return isSmaller ? { ...node, inputs } : node;
}

const shapeOf = ({ type }: Value): Shape => (type.kind === 'tensor' ? type.shape : type.element.shape);
