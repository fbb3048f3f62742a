/** What generated data sets share: two splits by a seed, and samples drawn anew. */
import {
  allocate,
  hostArray,
  OptionError,
  random as generator,
  type Dataset,
  type FloatDType,
  type HostArray,
  type OptionNames,
  type Random,
} from '@node-ode/core';
import { inMemory } from '../memory/in-memory.ts';
import { positiveInteger } from '../memory/splits.ts';

/** How much is generated, and from what. */
export interface GenerateOptions {
  /** Samples of the split `train`; 1000 by default, 100 where they are trajectories. */
  readonly train?: number;
  /** Samples of the split `test`; 200 by default, 20 where they are trajectories. */
  readonly test?: number;
  /** Of both splits, which are drawn from streams of their own; 0 by default. */
  readonly seed?: number;
  /** `f32` by default. */
  readonly dtype?: FloatDType;
}

/** The names of its options; a generator adds its own. */
export const generateNames: OptionNames<GenerateOptions> = { train: true, test: true, seed: true, dtype: true };

/** A generated data set: it has splits, and any number of samples more. */
export interface Generated<Sample> extends Dataset<Sample> {
  /** `count` samples at random, independent of earlier ones and of the splits: a fresh batch. */
  draw(random: Random, count: number): Sample;
}

/** A data set of what `make` draws. */
export function generated<Sample>(
  name: string,
  options: GenerateOptions,
  make: (random: Random, count: number) => Sample,
): Generated<Sample> {
  const { train = 1000, test = 200, seed = 0 } = options;
  positiveInteger(name, 'train', train);
  positiveInteger(name, 'test', test);
  const source = generator(seed);
  const [first, second] = [source.split(), source.split()];
  return {
    ...inMemory(name, { train: make(first, train), test: make(second, test) }),
    draw: (random, count) => make(random, positiveInteger(`${name}.draw`, 'count', count)),
  };
}

/** @throws OptionError if a value is not a finite number at least `least`. */
export function atLeast(operation: string, option: string, value: number, least: number): number {
  if (!Number.isFinite(value) || value < least) {
    throw new OptionError(operation, `${option} ${value}`, { expected: `a number from ${least}` });
  }
  return value;
}

/** Rows of numbers as one array of shape [rows, width]. */
export function fromRows(rows: readonly (readonly number[])[], width: number, dtype: FloatDType): HostArray {
  const data = allocate(dtype, rows.length * width);
  rows.forEach((row, i) => data.set(row, i * width));
  return hostArray(data, [rows.length, width], dtype);
}
