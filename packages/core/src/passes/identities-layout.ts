/** Identities of operations that move elements or reduce over axes. */
import { sameShape, sameType, type Shape, type Value } from '../graph/graph.ts';
import type { NodeOf } from '../graph/graph.ts';
import type { Identities } from './identities.ts';
import type { GraphBuilder } from './rewrite.ts';

export const layoutIdentities = {
  reshape: (node, b) => {
    const [x, result] = [node.inputs[0] as Value, node.outputs[0] as Value];
    if (sameType(x.type, result.type)) return x;
    const inner = b.producer(x);
    return inner?.op === 'reshape' ? b.emit('reshape', inner.inputs, node.params)[0] : undefined;
  },
  broadcastTo: (node, b) => {
    const [x, result] = [node.inputs[0] as Value, node.outputs[0] as Value];
    if (sameType(x.type, result.type)) return x;
    const inner = b.producer(x);
    return inner?.op === 'broadcastTo' ? b.emit('broadcastTo', inner.inputs, node.params)[0] : undefined;
  },
  transpose: ({ inputs, params: { perm } }, b) => {
    if (perm.every((axis, i) => axis === i)) return inputs[0];
    const inner = b.producer(inputs[0] as Value);
    if (inner?.op !== 'transpose') return undefined;
    const composed = perm.map((axis) => inner.params.perm[axis] as number);
    return b.emit('transpose', inner.inputs, { perm: composed })[0];
  },
  slice: (node, b) => {
    const x = node.inputs[0] as Value;
    if (sameShape(shapeOf(x), node.params.sizes)) return x;
    const inner = b.producer(x);
    if (inner?.op === 'concat') return sliceOfPiece(node, inner, b);
    if (inner?.op !== 'slice') return undefined;
    const starts = node.params.starts.map((start, axis) => start + (inner.params.starts[axis] as number));
    return b.emit('slice', inner.inputs, { starts, sizes: node.params.sizes })[0];
  },
  pad: ({ inputs, params: { before, after } }) => ([...before, ...after].every((n) => n === 0) ? inputs[0] : undefined),
  concat: ({ inputs }) => (inputs.length === 1 ? inputs[0] : undefined),
  sum: ({ inputs, params: { axes } }) => (axes.length === 0 ? inputs[0] : undefined),
  mean: ({ inputs, params: { axes } }) => (axes.length === 0 ? inputs[0] : undefined),
  reduceMax: ({ inputs, params: { axes } }) => (axes.length === 0 ? inputs[0] : undefined),
  reduceMin: ({ inputs, params: { axes } }) => (axes.length === 0 ? inputs[0] : undefined),
  matmul: ({ inputs, params: { transposeA, transposeB } }, b) => {
    const [x, y] = inputs as readonly [Value, Value];
    const [plainX, plainY] = [untransposed(x, b), untransposed(y, b)];
    if (plainX === undefined && plainY === undefined) return undefined;
    const params = {
      transposeA: transposeA !== (plainX !== undefined),
      transposeB: transposeB !== (plainY !== undefined),
    };
    return b.emit('matmul', [plainX ?? x, plainY ?? y], params)[0];
  },
} satisfies Identities;

const shapeOf = ({ type }: Value): Shape => (type.kind === 'tape' ? type.element.shape : type.shape);

/** What a value is the transpose of, in its last two axes alone. */
function untransposed(x: Value, b: GraphBuilder): Value | undefined {
  const node = b.producer(x);
  if (node?.op !== 'transpose') return undefined;
  const { perm } = node.params;
  const rank = perm.length;
  const swapsLast = perm.every((axis, i) => axis === (i < rank - 2 ? i : 2 * rank - 3 - i));
  return swapsLast ? node.inputs[0] : undefined;
}

/** The slice of one tensor that a slice of a concatenation is; undefined if it spans several. */
function sliceOfPiece(
  node: NodeOf<'slice'>,
  { inputs, params: { axis } }: NodeOf<'concat'>,
  b: GraphBuilder,
): Value | undefined {
  const { starts, sizes } = node.params;
  const [start, size] = [starts[axis] as number, sizes[axis] as number];
  let offset = 0;
  for (const piece of inputs) {
    const extent = shapeOf(piece)[axis] as number;
    if (start >= offset && start + size <= offset + extent) {
      const within = starts.map((s, i) => (i === axis ? s - offset : s));
      return b.emit('slice', [piece], { starts: within, sizes })[0];
    }
    offset += extent;
  }
  return undefined;
}
