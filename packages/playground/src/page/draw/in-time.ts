/** What is known at evenly spaced times, at a moment between them. */

/** Numbers at a moment: those of two times, and the weight of the second. */
export interface Between {
  readonly data: Float32Array;
  readonly before: number;
  readonly after: number;
  readonly weight: number;
}

/**
 * Where the numbers of a moment from 0 to 1 are.
 *
 * @param size How many numbers there are at each time.
 */
export function between(data: Float32Array, size: number, times: number, moment: number): Between {
  const place = Math.min(Math.max(moment, 0), 1) * (times - 1);
  const index = Math.min(Math.floor(place), Math.max(0, times - 2));
  return { data, before: index * size, after: Math.min(index + 1, times - 1) * size, weight: place - index };
}

/** The i-th number, on the straight line between both times. */
export function valueAt({ data, before, after, weight }: Between, i: number): number {
  const a = data[before + i] ?? NaN;
  return a + weight * ((data[after + i] ?? NaN) - a);
}
