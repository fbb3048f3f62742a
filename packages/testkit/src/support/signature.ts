/** The structure and types of a tree of tensors, as text that can be compared. */
import { flattenTree, isTensor } from '@node-ode/core';

/**
 * The path and type of each leaf.
 *
 * @throws TreeError naming `what` if a leaf is no tensor.
 */
export function signature(what: string, tree: unknown): string {
  const { leaves, structure } = flattenTree(what, tree, isTensor);
  return leaves.map((leaf, i) => `${structure.paths[i] ?? ''}: ${leaf.toString()}`).join(', ');
}
