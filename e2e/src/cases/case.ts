/** What an end-to-end case is: a computation on any backend, and how near two backends must be. */
import { flattenTree, type Backend, type DeviceArray, type FloatDType, type HostArray } from '@node-ode/core';

/** A computation that every backend does alike. */
export interface Case {
  /** The part of the library that it is about. */
  readonly group: string;
  readonly name: string;
  readonly dtype: FloatDType;
  /** Compiles for a backend; the function that comes back runs once. */
  readonly prepare: (backend: Backend) => () => Promise<readonly HostArray[]>;
  /** Largest difference from the reference engine, relative to the largest element of each array. */
  readonly tolerance: number;
  /** Runs after the first, for the fastest time; 3 by default. */
  readonly repetitions?: number;
  /** The true values of the first elements, where they are known, and how near to them results must be, likewise. */
  readonly truth?: { readonly values: readonly number[]; readonly tolerance: number };
  /** What is wrong with results whatever the reference engine says; undefined if nothing is. */
  readonly complaint?: (results: readonly HostArray[]) => string | undefined;
}

/** What cases are called in tables and by `--only`. */
export const titleOf = ({ group, name, dtype }: Pick<Case, 'group' | 'name' | 'dtype'>): string =>
  `${group}: ${name}, ${dtype}`;

export const dtypes: readonly FloatDType[] = ['f32', 'f64'];

/** How near results are held to the reference engine's: rounding, through a whole solve or 20 steps of training. */
export const agreement: Readonly<Record<FloatDType, number>> = { f32: 1e-4, f64: 1e-9 };

const isReadable = (x: unknown): x is DeviceArray => typeof x === 'object' && x !== null && 'read' in x;

/** Reads the leaves of a result, in order, and frees them. */
export async function readLeaves(tree: unknown): Promise<readonly HostArray[]> {
  const { leaves } = flattenTree('e2e', tree, isReadable);
  const arrays = await Promise.all(leaves.map((leaf) => leaf.read()));
  for (const leaf of leaves) leaf.dispose();
  return arrays;
}
