/** A third party's data set, made of core alone: rows (a, b) with the number a² + b. */
import { array, OptionError, random, type BatchOptions, type Dataset, type HostArray } from '@node-ode/core';

export interface Squares {
  /** [samples, 2] */
  readonly x: HostArray;
  /** [samples, 1] */
  readonly y: HostArray;
}

type Row = readonly [number, number];

/** Rows drawn from the square from −1 to 1, by a seed. */
export function squares({ samples = 200, seed = 0 }: { readonly samples?: number; readonly seed?: number } = {}) {
  const rng = random(seed);
  const draw = (count: number): readonly Row[] =>
    Array.from({ length: count }, () => [2 * rng.uniform() - 1, 2 * rng.uniform() - 1]);
  const splits = new Map([
    ['train', draw(samples)],
    ['test', draw(Math.ceil(samples / 4))],
  ]);
  const rowsOf = (split: string): readonly Row[] => {
    const rows = splits.get(split);
    if (rows !== undefined) return rows;
    throw new OptionError('squares', `no split “${split}”`, { expected: `one of ${[...splits.keys()].join(', ')}` });
  };
  const data: Dataset<Squares> = {
    name: 'squares',
    splits: [...splits.keys()],
    size: (split) => rowsOf(split).length,
    all: (split) => sampleOf(rowsOf(split)),
    batches: (split, options) => batchesOf(rowsOf(split), options),
  };
  return data;
}

const sampleOf = (rows: readonly Row[]): Squares => ({
  x: array(rows, { shape: [rows.length, 2] }),
  y: array(
    rows.map(([a, b]) => [a * a + b]),
    { shape: [rows.length, 1] },
  ),
});

function batchesOf(
  rows: readonly Row[],
  { batchSize, random: rng, dropLast = false }: BatchOptions,
): Iterable<Squares> {
  if (!(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new OptionError('squares', `batchSize = ${batchSize}`, { expected: 'a positive integer' });
  }
  const order = rng === undefined ? rows.map((_, i) => i) : Array.from(rng.shuffle(rows.length));
  const count = dropLast ? Math.floor(rows.length / batchSize) : Math.ceil(rows.length / batchSize);
  const batch = (i: number): Squares =>
    sampleOf(order.slice(i * batchSize, (i + 1) * batchSize).map((row) => rows[row]!));
  return Array.from({ length: count }, (_, i) => batch(i));
}
