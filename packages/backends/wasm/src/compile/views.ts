/** Views: elements of a variable in another shape or order, described and not copied. */
import { tensorType, type Node, type Shape } from '@node-ode/core';
import { denseStrides, Variable, viewOf } from './variable.ts';

/** The elements of a scalar, a constant or a dense variable in another shape. */
export function reshaped(x: Variable, shape: Shape): Variable {
  const type = tensorType(shape, x.dtype);
  if (x.constant !== undefined) return new Variable(type, { constant: x.constant });
  const { of, offset } = viewOf(x);
  return new Variable(type, { view: { of, strides: x.isScalar ? shape.map(() => 0) : denseStrides(shape), offset } });
}

/** What moves elements and can be a view. */
export type Rearrangement = Extract<Node, { readonly op: 'transpose' | 'slice' | 'broadcastTo' }>;

/** What a rearrangement of a variable shows of it. */
export function rearranged(node: Rearrangement, x: Variable, shape: Shape): Variable {
  const type = tensorType(shape, x.dtype);
  if (x.constant !== undefined) return new Variable(type, { constant: x.constant });
  const { of, strides, offset } = viewOf(x);
  const start =
    node.op === 'slice' ? node.params.starts.reduce((sum, begin, axis) => sum + begin * strides[axis]!, 0) : 0;
  return new Variable(type, {
    view: { of, strides: rearrangedStrides(node, strides, x.shape), offset: offset + start },
  });
}

function rearrangedStrides(node: Rearrangement, strides: readonly number[], shape: Shape): readonly number[] {
  switch (node.op) {
    case 'slice':
      return strides;
    case 'transpose':
      return node.params.perm.map((axis) => strides[axis]!);
    case 'broadcastTo': {
      const missing = node.params.shape.length - shape.length;
      return node.params.shape.map((extent, axis) =>
        axis < missing || shape[axis - missing] !== extent ? 0 : strides[axis - missing]!,
      );
    }
  }
}

/** A variable with its last two axes exchanged. */
export function withLastAxesSwapped(x: Variable): Variable {
  const swap = <T>(items: readonly T[]): readonly T[] => [...items.slice(0, -2), items.at(-1)!, items.at(-2)!];
  const { of, strides, offset } = viewOf(x);
  return new Variable(tensorType(swap(x.shape), x.dtype), { view: { of, strides: swap(strides), offset } });
}

/** A variable with axes of extent 1 behind its own, up to the rank of `shape`: it broadcasts along its leading axes. */
export function withTrailingAxes(x: Variable, shape: Shape): Variable {
  const missing = shape.length - x.shape.length;
  if (x.isScalar || missing === 0 || x.constant !== undefined) return x;
  const { of, strides, offset } = viewOf(x);
  const ones = Array<number>(missing).fill(1);
  const type = tensorType([...x.shape, ...ones], x.dtype);
  return new Variable(type, { view: { of, strides: [...strides, ...ones.map(() => 0)], offset } });
}
