/** Results on a device as plain numbers. */
import { flattenTree, type HostArray } from '@node-ode/core';

const isReadable = (x: unknown): x is { read(): Promise<HostArray> } =>
  typeof x === 'object' && x !== null && 'read' in x;

/** The elements of each leaf of a tree of device arrays. */
export async function readLeaves(tree: unknown): Promise<number[][]> {
  const { leaves } = flattenTree('read', tree, isReadable);
  return Promise.all(leaves.map(async (leaf) => Array.from((await leaf.read()).data)));
}
