/** Shuffling a stream that does not fit into memory. */
import { allocate, hostArray, OptionError, type HostArray, type Random } from '@node-ode/core';
import { mapArrays, rowCount, takeSample } from '../memory/rows.ts';
import { chunks, positiveInteger } from '../memory/splits.ts';

/** How a stream is shuffled. */
export interface ShuffleOptions {
  readonly batchSize: number;
  /** Samples that are in memory and shuffled together; 16 batches by default. */
  readonly buffer?: number;
  readonly random: Random;
}

/**
 * Batches of a stream of samples, shuffled by a seed among `buffer` samples at a time: every sample comes once, not far from
 * where it was. For a better shuffle, shuffle the file.
 *
 * @throws OptionError if `batchSize` is no positive integer or `buffer` is less; ShapeError if the samples' arrays differ in their
 * extents of axis 0.
 * @example
 * // const stream = streamIdxImages('images.gz', 'labels.gz');
 * // for await (const { x, label } of shuffledStream(stream, { batchSize: 64, random: random(1) })) console.log(x.shape);
 */
export async function* shuffledStream<Sample>(
  stream: AsyncIterable<Sample>,
  options: ShuffleOptions,
): AsyncGenerator<Sample> {
  const { batchSize, random, buffer = 16 * batchSize } = options;
  positiveInteger('shuffledStream', 'batchSize', batchSize);
  if (!Number.isInteger(buffer) || buffer < batchSize) {
    throw new OptionError('shuffledStream', `buffer ${buffer}`, {
      expected: `an integer from batchSize, ${batchSize}`,
    });
  }
  let held: [Sample, ...Sample[]] | undefined;
  let count = 0;
  for await (const sample of stream) {
    held = held === undefined ? [sample] : [...held, sample];
    count += rowCount('shuffledStream', sample);
    if (count < buffer) continue;
    const whole = concatenated(held);
    const order = random.shuffle(count);
    // what does not fill a batch waits for the next samples
    const full = count - (count % batchSize);
    for (const some of chunks(order.subarray(0, full), batchSize, true)) yield takeSample(whole, some);
    held = full === count ? undefined : [takeSample(whole, order.subarray(full))];
    count -= full;
  }
  if (held === undefined) return;
  const whole = concatenated(held);
  for (const some of chunks(random.shuffle(count), batchSize, false)) yield takeSample(whole, some);
}

/** Trees one after another along axis 0. */
function concatenated<Sample>([first, ...others]: readonly [Sample, ...Sample[]]): Sample {
  if (others.length === 0) return first;
  const parts = [first, ...others];
  const leaves = parts.map((part) => {
    const found: HostArray[] = [];
    mapArrays('shuffledStream', part, (x) => (found.push(x), x));
    return found;
  });
  let leaf = 0;
  return mapArrays('shuffledStream', first, (x) => {
    const pieces = leaves.flatMap((part) => part[leaf] ?? []);
    leaf += 1;
    const length = pieces.reduce((sum, piece) => sum + piece.data.length, 0);
    const joined = allocate(x.dtype, length);
    let at = 0;
    for (const piece of pieces) {
      joined.set(piece.data, at);
      at += piece.data.length;
    }
    const rows = pieces.reduce((sum, piece) => sum + (piece.shape[0] ?? 0), 0);
    return hostArray(joined, [rows, ...x.shape.slice(1)], x.dtype);
  });
}
