/** Clipping of gradients, and the norm of a tree. */
import {
  constant,
  flattenTree,
  isTensor,
  OptionError,
  select,
  stopGradient,
  TreeError,
  type DType,
  type Tensor,
} from '@node-ode/core';
import { requirePositive } from '../options.ts';

/**
 * √Σx² over all elements of all leaves, as a scalar; f64 if any leaf is, else f32. Elements are scaled by the largest
 * before they are squared, so that the norm overflows only if it is too large itself. NaN if any element is NaN or
 * infinite. The derivative at zero is zero.
 *
 * @throws TreeError if the tree has no leaves.
 * @example
 * const norm = globalNorm(gradients);
 */
export function globalNorm(tree: unknown): Tensor {
  const { leaves } = flattenTree('globalNorm', tree, isTensor);
  if (leaves.length === 0) {
    throw new TreeError('globalNorm', 'the tree has no leaves', { expected: 'at least one tensor' });
  }
  const dtype: DType = leaves.some((leaf) => leaf.dtype === 'f64') ? 'f64' : 'f32';
  const filled = leaves.filter((leaf) => leaf.shape.every((extent) => extent > 0)).map((leaf) => leaf.cast(dtype));
  if (filled.length === 0) return leaves.map((leaf) => leaf.cast(dtype).sum()).reduce((a, b) => a.add(b));
  const largest = filled.map((leaf) => stopGradient(leaf.abs().max())).reduce((a, b) => a.maximum(b));
  const scale = select(largest.equal(0), 1, largest);
  const sum = filled.map((leaf) => leaf.div(scale).square().sum()).reduce((a, b) => a.add(b));
  const isZero = sum.equal(0);
  return select(isZero, 0, select(isZero, 1, sum).sqrt().mul(scale));
}

/**
 * The tree scaled down so that its global norm is at most `maxNorm`; as it was if it already is. Zeros stay zeros. If any
 * element is NaN or infinite then all become NaN: a broken gradient is not passed off as a small one.
 *
 * @throws OptionError if `maxNorm` is not positive.
 * @example
 * const { value, grad } = valueAndGrad(loss)(params);
 * const next = applyGradients(optimizer, state, clipByGlobalNorm(grad, 1));
 */
export function clipByGlobalNorm<T>(tree: T, maxNorm: number): T {
  requirePositive('clipByGlobalNorm', 'maxNorm', maxNorm);
  const { leaves, structure } = flattenTree('clipByGlobalNorm', tree, isTensor);
  const norm = globalNorm(tree);
  // maxNorm / max(norm, maxNorm): exactly 1 below the bound, and NaN stays NaN.
  const scale = constant(maxNorm, [], norm.dtype).div(norm.maximum(maxNorm));
  return structure.rebuild(leaves.map((leaf) => leaf.mul(scale.cast(leaf.dtype)))) as T;
}

/**
 * Each element moved into [−limit, limit]. Infinities become the limit; NaN stays NaN.
 *
 * @throws OptionError if the limit is not positive.
 * @example
 * const clipped = clipByValue(gradients, 0.5);
 */
export function clipByValue<T>(tree: T, limit: number): T {
  if (!(limit > 0)) throw new OptionError('clipByValue', `limit is ${limit}`, { expected: 'a positive number' });
  const { leaves, structure } = flattenTree('clipByValue', tree, isTensor);
  return structure.rebuild(leaves.map((leaf) => leaf.maximum(-limit).minimum(limit))) as T;
}
