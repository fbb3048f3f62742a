/** The state of a run as arrays of an engine: read, and given back. */
import { flattenTree, isDeviceArray, type DeviceArray, type HostArray } from '@node-ode/core';

const leavesOf = (state: unknown): { leaves: readonly DeviceArray[]; paths: readonly string[] } => {
  const { leaves, structure } = flattenTree('fit', state, isDeviceArray, 'a device array');
  return { leaves, paths: structure.paths };
};

/** The arrays of a state by their paths, on the host. */
export async function readState(state: unknown): Promise<ReadonlyMap<string, HostArray>> {
  const { leaves, paths } = leavesOf(state);
  const arrays = await Promise.all(leaves.map((leaf) => leaf.read()));
  return new Map(arrays.map((array, i) => [paths[i] ?? '', array]));
}

/** Frees the arrays of a state that the next one does not contain. */
export function disposeState(state: unknown, next: unknown): void {
  const kept = new Set(leavesOf(next).leaves);
  for (const leaf of leavesOf(state).leaves) if (!kept.has(leaf)) leaf.dispose();
}
