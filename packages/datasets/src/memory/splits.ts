/** What data sets share: looking up a split, checking the options of batches. */
import { OptionError } from '@node-ode/core';

/** @throws OptionError that names the splits there are. */
export function splitOf<T>(dataset: string, splits: Readonly<Record<string, T>>, name: string): T {
  const split = Object.hasOwn(splits, name) ? splits[name] : undefined;
  if (split === undefined) {
    throw new OptionError(dataset, `no split “${name}”`, { expected: `one of ${Object.keys(splits).join(', ')}` });
  }
  return split;
}

/** @throws OptionError if the value is not a positive integer. */
export function positiveInteger(operation: string, option: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) {
    throw new OptionError(operation, `${option} ${value}`, { expected: 'a positive integer' });
  }
  return value;
}

/** An iterable that starts its generator anew each time. */
export const iterable = <T>(start: () => Iterator<T>): Iterable<T> => ({ [Symbol.iterator]: start });

/** Consecutive parts of a list of indices. */
export function* chunks(indices: Int32Array, size: number, dropLast: boolean): Generator<Int32Array> {
  const end = dropLast ? indices.length - (indices.length % size) : indices.length;
  for (let start = 0; start < end; start += size) yield indices.subarray(start, Math.min(end, start + size));
}

/** 0, 1, …, n − 1. */
export const inOrder = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);
