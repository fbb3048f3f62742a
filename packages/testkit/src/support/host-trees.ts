/** Trees of host arrays. */
import { array, flattenTree, isFloat, isHostArray, type FloatDType, type HostArray } from '@node-ode/core';

/** The leaves of a tree of host arrays with their paths. */
export function hostLeaves(
  what: string,
  tree: unknown,
): readonly { readonly path: string; readonly leaf: HostArray }[] {
  const { leaves, structure } = flattenTree(what, tree, isHostArray, 'a host array');
  return leaves.map((leaf, i) => ({ leaf, path: structure.paths[i] ?? '' }));
}

/** The same tree with its floats in another dtype. */
export function castTree<T>(tree: T, dtype: FloatDType): T {
  const { leaves, structure } = flattenTree('castTree', tree, isHostArray, 'a host array');
  return structure.rebuild(
    leaves.map((leaf) => (isFloat(leaf.dtype) ? array(leaf.data, { shape: leaf.shape, dtype }) : leaf)),
  ) as T;
}

/** Paths, types and elements, as text: equal for equal trees, bit for bit. */
export const fingerprint = (what: string, tree: unknown): string =>
  hostLeaves(what, tree)
    .map(
      ({ path, leaf: { dtype, shape, data } }) =>
        `${path}: ${dtype}[${shape.join(',')}] ${Array.from(data, (x) => (Object.is(x, -0) ? '-0' : String(x))).join(' ')}`,
    )
    .join('\n');

/** Paths and types alone. */
export const typesOf = (what: string, tree: unknown): string =>
  hostLeaves(what, tree)
    .map(({ path, leaf: { dtype, shape } }) => `${path}: ${dtype}[${shape.join(',')}]`)
    .join(', ');
