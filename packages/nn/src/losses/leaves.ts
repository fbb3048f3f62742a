/** Leaves of predictions and targets, as losses see them: tensors, host arrays and numbers. */
import {
  asTensor,
  flattenTree,
  isHostArray,
  isTensor,
  ShapeError,
  TreeError,
  type MapLeaves,
  type Tensor,
  type TensorLike,
  type TreeStructure,
} from '@node-ode/core';

/** A target of a prediction: the same tree, its leaves tensors, host arrays or numbers (which broadcast). */
export type TargetOf<Y> = MapLeaves<Y, Tensor, TensorLike>;

const isOperand = (x: unknown): x is TensorLike =>
  isTensor(x) || isHostArray(x) || typeof x === 'number' || typeof x === 'boolean';

/** Flattens a tree of tensors, host arrays and numbers; at least one leaf. */
export function operands(
  operation: string,
  tree: unknown,
): { readonly leaves: readonly TensorLike[]; readonly structure: TreeStructure } {
  const flat = flattenTree(operation, tree, isOperand);
  if (flat.leaves.length > 0) return flat;
  throw new TreeError(operation, 'the tree has no leaves', { expected: 'at least one tensor' });
}

/** The leaf's name in an error. */
export const named = (path: string | undefined): string => (path === undefined || path === '' ? '' : ` of '${path}'`);

/**
 * A target as a tensor of the prediction's dtype and shape; JavaScript numbers broadcast, integers and booleans are cast.
 *
 * @throws ShapeError if the shapes differ: a target that merely broadcasts is nearly always a mistake.
 */
export function targetTensor(operation: string, path: string, prediction: Tensor, target: TensorLike): Tensor {
  const like = asTensor(target, prediction.dtype, operation);
  const given = like.dtype === 'i32' || like.dtype === 'bool' ? like.cast(prediction.dtype) : like;
  const isNumber = typeof target === 'number' || typeof target === 'boolean';
  const same = given.rank === prediction.rank && given.shape.every((extent, i) => extent === prediction.shape[i]);
  if (isNumber || same) return given;
  throw new ShapeError(operation, `a target${named(path)} of shape [${given.shape.join(', ')}]`, {
    expected: `the prediction's shape [${prediction.shape.join(', ')}]`,
    advice: 'Reshape it, or broadcast it with .broadcastTo(shape) if that is meant.',
  });
}
