/** The contract of a data set: named splits, sizes, and batches by seed. */
import type { Random } from './random.ts';

/** How a split is divided into batches. */
export interface BatchOptions {
  readonly batchSize: number;
  /** Shuffles; without it samples come in their own order. */
  readonly random?: Random;
  /** Leaves out a last batch that is smaller than `batchSize`. */
  readonly dropLast?: boolean;
}

/**
 * Samples in named splits. `Sample` is a tree of host arrays whose first axis counts samples.
 *
 * @example
 * for (const { x, y } of spirals.batches('train', { batchSize: 20, random: random(1) })) …
 */
export interface Dataset<Sample> {
  readonly name: string;
  readonly splits: readonly string[];
  /** Number of samples in a split. */
  size(split: string): number;
  /** The split's batches, once through. */
  batches(split: string, options: BatchOptions): Iterable<Sample>;
  /** The whole split as one batch. */
  all(split: string): Sample;
}
