// The suite of data sets passes a good one, and fails broken ones for the right reason.
import { array, OptionError, random, type BatchOptions, type Dataset, type HostArray } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { failuresOf } from '../support/check.ts';
import { datasetChecks } from './checks.ts';

interface Sample {
  readonly x: HostArray;
  readonly label: HostArray;
}

const sizes: Readonly<Record<string, number>> = { train: 23, test: 4 };
const features = 2;

/** What can be wrong with the data set below. */
interface Faults {
  readonly order?: (n: number, options: BatchOptions) => Iterable<number>;
  readonly size?: (split: string) => number;
  readonly keepsLast?: boolean;
  readonly shares?: boolean;
  readonly accepts?: boolean;
  readonly offset?: () => number;
}

const inOrder = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const shuffled = (n: number, { random: rng }: BatchOptions): Iterable<number> =>
  rng === undefined ? inOrder(n) : rng.shuffle(n);

/** Numbered samples, and faults on demand. */
function numbered(faults: Faults = {}): Dataset<Sample> {
  const offset = faults.offset?.() ?? 0;
  const sizeOf = (split: string): number => {
    const n = sizes[split];
    if (n !== undefined) return n;
    if (faults.accepts === true) return 1;
    throw new OptionError('numbered', `split '${split}'`, { expected: Object.keys(sizes).join(' or ') });
  };
  const take = (indices: readonly number[]): Sample => ({
    x: array(
      indices.flatMap((i) => inOrder(features).map((k) => offset + i + k / 10)),
      { shape: [indices.length, features], dtype: 'f32' },
    ),
    label: array(indices, { dtype: 'i32' }),
  });
  const whole = new Map<string, Sample>();
  const all = (split: string): Sample => {
    const made = take(inOrder(sizeOf(split)));
    if (faults.shares !== true) return made;
    if (!whole.has(split)) whole.set(split, made);
    return whole.get(split) as Sample;
  };
  return {
    name: 'numbered',
    splits: Object.keys(sizes),
    size: faults.size ?? sizeOf,
    all,
    *batches(split, options) {
      const { batchSize, dropLast = false } = options;
      const n = sizeOf(split);
      if (!(Number.isInteger(batchSize) && batchSize > 0) && faults.accepts !== true)
        throw new OptionError('numbered', `batchSize ${batchSize}`);
      const order = [...(faults.order ?? shuffled)(n, options)];
      for (let start = 0; start < n && batchSize > 0; start += batchSize) {
        const rows = order.slice(start, start + batchSize);
        if (rows.length === batchSize || !dropLast || faults.keepsLast === true) yield take(rows);
      }
    },
  };
}

let made = 0;
const outside = random(123);

const names = {
  once: 'covers every sample once when it shuffles',
  order: 'covers every sample once, in order',
  seed: 'shuffles by the seed alone',
} as const;

const broken: readonly (readonly [string, Faults, readonly string[]])[] = [
  [
    'draws samples with replacement',
    { order: (n, { random: rng }) => (rng ? inOrder(n).map(() => rng.integer(n)) : inOrder(n)) },
    [names.once, 'leaves out a smaller last batch if it is told to'],
  ],
  [
    'favours the first half',
    { order: (n, { random: rng }) => (rng ? inOrder(n).map(() => rng.integer(Math.ceil(n / 2))) : inOrder(n)) },
    [names.once],
  ],
  ['never shuffles', { order: (n) => inOrder(n) }, [names.seed]],
  ['shuffles without being asked', { order: (n, { random: rng }) => (rng ?? random(1)).shuffle(n) }, [names.order]],
  [
    'shuffles by a generator of its own',
    { order: (n, { random: rng }) => (rng ? outside.shuffle(n) : inOrder(n)) },
    [names.seed],
  ],
  [
    'shuffles every epoch alike',
    { order: (n, { random: rng }) => (rng ? random(5).shuffle(n) : inOrder(n)) },
    [names.seed],
  ],
  ['miscounts', { size: (split) => (sizes[split] ?? 0) + 1 }, ['counts its samples', names.order]],
  ['keeps a smaller last batch', { keepsLast: true }, ['leaves out a smaller last batch if it is told to']],
  ['leaves out the last sample', { order: (n) => inOrder(n).slice(0, -1) }, [names.order, names.once]],
  ['hands out its own memory', { shares: true }, ['gives copies: what a caller changes stays with the caller']],
  [
    'accepts any split and batch size',
    { accepts: true },
    ['refuses a split that it does not have', 'refuses batch sizes that are no positive integer'],
  ],
  ['is drawn anew each time', { offset: () => made++ }, ['is the same each time it is made']],
];

describe('the suite of data sets', () => {
  it('passes a good one', async () => {
    expect(await failuresOf(datasetChecks(() => numbered(), { splits: ['train', 'test'] }))).toEqual([]);
    expect(await failuresOf(datasetChecks(() => Promise.resolve(numbered())))).toEqual([]);
  });

  it('fails one without a split that it must have', async () => {
    const failures = await failuresOf(datasetChecks(() => numbered(), { splits: ['validation'] }));
    expect(failures.map(({ name }) => name)).toEqual(['has named splits']);
  });

  it.each(broken)('fails one that %s', async (_, faults, expected) => {
    const failures = await failuresOf(
      datasetChecks(() => numbered(faults)),
      expected,
    );
    expect(failures.map(({ name }) => name).sort()).toEqual([...expected].sort());
  });
});
