/** What a program of this library is, and what programs share. */
import {
  array,
  flattenTree,
  isDeviceArray,
  isHostArray,
  type DeviceArray,
  type HostArray,
  type MapLeaves,
  type Ode,
  type RunStats,
} from '@node-ode/core';
import type { Problem } from '../problem.ts';
import type { Answer, CallCounts, Counts } from '../protocol.ts';

/** An answer with what it cost. */
export interface Answered {
  readonly answer: Answer;
  readonly counts: Counts;
  /** What the engine makes of one step, where the task is steps and the engine tells. */
  readonly nodesPerStep?: number;
  /** What a round asked of tfjs's backend, where the task is kernel calls. */
  readonly calls?: CallCounts;
}

/** A problem made ready to run. */
export interface Program {
  /** Goes back to where the first unit of work starts. */
  restart(): void;
  /** One unit of work; done when its result is on the host. */
  run(): Promise<void>;
  /** The task's answer, from the start. */
  answer(): Promise<Answered>;
  /** The answer over other times, as many as the problem's. */
  over?(ts: readonly number[]): Promise<Answered>;
  /** The loss over the whole trajectory, where the task is training. */
  test?(): Promise<number>;
}

/** Rows of numbers in the problem's dtype. */
export const rowsOf = (rows: readonly (readonly number[])[], { dtype }: Pick<Problem, 'dtype'>): HostArray =>
  array(rows, { dtype });

/** The tree on the device, where it stays. */
export async function resident<T>({ backend }: Ode, tree: T): Promise<MapLeaves<T, HostArray, DeviceArray>> {
  const { leaves, structure } = flattenTree('bench', tree, isHostArray, 'a host array');
  return structure.rebuild(await Promise.all(leaves.map((leaf) => backend.upload(leaf)))) as MapLeaves<
    T,
    HostArray,
    DeviceArray
  >;
}

/** Reads the leaves of a result, in order, and frees them. */
export async function readLeaves(tree: unknown): Promise<readonly HostArray[]> {
  const { leaves } = flattenTree('bench', tree, isDeviceArray, 'a device array');
  const arrays = await Promise.all(leaves.map((leaf) => leaf.read()));
  for (const leaf of leaves) leaf.dispose();
  return arrays;
}

/** Frees those leaves of a tree that are on the device. */
export function free(tree: unknown): void {
  const isArray = (x: unknown): x is HostArray | DeviceArray => isHostArray(x) || isDeviceArray(x);
  for (const leaf of flattenTree('bench', tree, isArray, 'an array').leaves) if (isDeviceArray(leaf)) leaf.dispose();
}

/** All elements of arrays, one after the other. */
export const elementsOf = (arrays: readonly HostArray[]): readonly number[] =>
  arrays.flatMap(({ data }) => Array.from(data));

/** What a run cost. */
export const countsOf = ({ nfe, nfeBackward, accepted, rejected }: RunStats): Counts => ({
  nfe,
  nfeBackward,
  steps: accepted + rejected,
});
