/** The conformance suite of a data set. */
import { random, type Dataset, type HostArray } from '@node-ode/core';
import { check, demand, type Check } from '../support/check.ts';
import { fingerprint, hostLeaves } from '../support/host-trees.ts';
import type { SuiteOptions } from '../support/suite.ts';

/** What the author of a data set can say about it. */
export interface DatasetSuiteOptions extends SuiteOptions {
  /** Splits that it must have. */
  readonly splits?: readonly string[];
}

/**
 * What every data set must do, as named checks without a test framework: splits and sizes, batches that cover every sample
 * once, shuffled by a seed alone.
 *
 * @example
 * for (const { name, run } of datasetChecks(() => myData())) await run();
 */
export function datasetChecks<Sample>(
  make: () => Dataset<Sample> | Promise<Dataset<Sample>>,
  options: DatasetSuiteOptions = {},
): readonly Check[] {
  const on = (name: string, run: (data: Dataset<unknown>, split: string) => void): Check =>
    check(name, async () => {
      const data = await make();
      for (const split of data.splits) run(data, split);
    });
  return [
    check('has named splits', async () => {
      hasSplits(await make(), options.splits ?? []);
    }),
    check('is the same each time it is made', async () => {
      const [a, b] = [await make(), await make()];
      for (const split of a.splits)
        demand(
          fingerprint(split, a.all(split)) === fingerprint(split, b.all(split)),
          where(a, split),
          'two instances hold other samples',
          { expected: 'the same samples, bit for bit' },
        );
    }),
    on('counts its samples', countsSamples),
    on('covers every sample once, in order', coversInOrder),
    on('covers every sample once when it shuffles', coversShuffled),
    on('shuffles by the seed alone', shufflesBySeed),
    on('leaves out a smaller last batch if it is told to', dropsLast),
    on('gives copies: what a caller changes stays with the caller', isUnharmed),
    check('refuses a split that it does not have', async () => {
      const data = await make();
      for (const use of [
        () => data.size('no such split'),
        () => data.all('no such split'),
        () => [...data.batches('no such split', { batchSize: 1 })],
      ])
        refuses(`${data.name}, split 'no such split'`, use);
    }),
    on('refuses batch sizes that are no positive integer', (data, split) => {
      for (const batchSize of [0, -1, 1.5, NaN])
        refuses(`${where(data, split)}, batchSize ${batchSize}`, () => [...data.batches(split, { batchSize })]);
    }),
  ];
}

const where = ({ name }: Dataset<unknown>, split: string): string => `${name}, split '${split}'`;

function hasSplits(data: Dataset<unknown>, required: readonly string[]): void {
  demand(data.name !== '', 'data set', 'its name is empty', { expected: 'a name' });
  demand(data.splits.length > 0, data.name, 'it has no split', { expected: 'at least one' });
  demand(new Set(data.splits).size === data.splits.length, data.name, `splits are ${data.splits.join(', ')}`, {
    expected: 'each once',
  });
  for (const split of required)
    demand(data.splits.includes(split), data.name, `splits are ${data.splits.join(', ')}`, {
      expected: `'${split}' among them`,
    });
}

/** The rows of a batch: for each sample the text of all its leaves. */
function rowsOf(what: string, batch: unknown): readonly string[] {
  const leaves = hostLeaves(what, batch);
  const counts = leaves.map(({ leaf }) => leaf.shape[0]);
  const [count] = counts;
  demand(
    count !== undefined && counts.every((n) => n === count),
    what,
    `leaves have ${counts.map(String).join(', ')} samples`,
    { expected: 'one number of samples, as the first axis of every leaf' },
  );
  return Array.from({ length: count }, (_, i) =>
    leaves.map(({ path, leaf }) => `${path}=${row(leaf, count, i)}`).join(';'),
  );
}

const row = ({ data }: HostArray, count: number, i: number): string =>
  Array.from(data.slice((i * data.length) / count, ((i + 1) * data.length) / count)).join(' ');

const batchRows = (
  data: Dataset<unknown>,
  split: string,
  options: Parameters<Dataset<unknown>['batches']>[1],
): readonly (readonly string[])[] =>
  Array.from(data.batches(split, options), (batch) => rowsOf(where(data, split), batch));

const allRows = (data: Dataset<unknown>, split: string): readonly string[] =>
  rowsOf(where(data, split), data.all(split));

/** Batch sizes of which one leaves a rest, unless there is a single sample. */
const batchSizes = (size: number): readonly number[] =>
  [...new Set([1, Math.max(1, Math.ceil(size / 2) + (size > 4 ? 1 : 0)), size, size + 1])].filter(
    (n) => n > 0 && size / n <= 2000,
  );

const sorted = (rows: readonly string[]): string => [...rows].sort().join('\n');

function countsSamples(data: Dataset<unknown>, split: string): void {
  const size = data.size(split);
  demand(Number.isInteger(size) && size > 0, where(data, split), `its size is ${size}`, {
    expected: 'a positive integer',
  });
  const rows = allRows(data, split).length;
  demand(rows === size, where(data, split), `its size is ${size}, and all() has ${rows} samples`, {
    expected: 'equal numbers',
  });
}

function demandSizes(
  data: Dataset<unknown>,
  split: string,
  batchSize: number,
  batches: readonly (readonly string[])[],
): void {
  const size = data.size(split);
  const wanted = Array.from({ length: Math.ceil(size / batchSize) }, (_, i) =>
    Math.min(batchSize, size - i * batchSize),
  );
  const given = batches.map((batch) => batch.length);
  demand(
    given.join() === wanted.join(),
    `${where(data, split)}, batchSize ${batchSize}`,
    `batches have ${given.slice(0, 8).join(', ')} samples`,
    { expected: wanted.slice(0, 8).join(', ') },
  );
}

function coversInOrder(data: Dataset<unknown>, split: string): void {
  const all = allRows(data, split).join('\n');
  for (const batchSize of batchSizes(data.size(split))) {
    const batches = batchRows(data, split, { batchSize });
    demandSizes(data, split, batchSize, batches);
    demand(
      batches.flat().join('\n') === all,
      `${where(data, split)}, batchSize ${batchSize}`,
      'the batches are not the samples of all(), in order',
      { expected: 'every sample once, in its own order' },
    );
  }
}

function coversShuffled(data: Dataset<unknown>, split: string): void {
  const all = sorted(allRows(data, split));
  for (const batchSize of batchSizes(data.size(split))) {
    const batches = batchRows(data, split, { batchSize, random: random(3) });
    demandSizes(data, split, batchSize, batches);
    demand(
      sorted(batches.flat()) === all,
      `${where(data, split)}, batchSize ${batchSize}, shuffled`,
      'some samples are missing and others come twice',
      { expected: 'every sample once', advice: 'Use random.shuffle(n): a permutation.' },
    );
  }
}

function shufflesBySeed(data: Dataset<unknown>, split: string): void {
  const size = data.size(split);
  const batchSize = Math.max(1, Math.ceil(size / 3));
  const shuffled = (seed: number): string =>
    batchRows(data, split, { batchSize, random: random(seed) })
      .flat()
      .join('\n');
  demand(shuffled(1) === shuffled(1), where(data, split), 'one seed gave two orders', {
    expected: 'the same batches for the same seed',
    advice: 'Draw from the generator that is given, and from nothing else.',
  });
  const distinct = new Set(allRows(data, split)).size;
  if (distinct < 4) return;
  const inOrder = allRows(data, split).join('\n');
  const orders = new Set([1, 2, 3, 4, 5].map(shuffled));
  demand(
    orders.size > 1 && !(orders.size === 2 && orders.has(inOrder)),
    where(data, split),
    `five seeds gave ${orders.size} order(s) of ${size} samples`,
    { expected: 'an order of its own for each seed' },
  );
  const generator = random(1);
  const epoch = (): string => batchRows(data, split, { batchSize, random: generator }).flat().join('\n');
  const epochs = new Set([epoch(), epoch(), epoch(), epoch()]);
  demand(epochs.size > 1, where(data, split), 'one generator gave the same order in four epochs', {
    expected: 'another order in each',
    advice: 'Draw from the generator, do not seed another by its state.',
  });
}

function dropsLast(data: Dataset<unknown>, split: string): void {
  const size = data.size(split);
  for (const batchSize of batchSizes(size)) {
    for (const shuffle of [{}, { random: random(9) }]) {
      const batches = batchRows(data, split, { batchSize, dropLast: true, ...shuffle });
      const wanted = Math.floor(size / batchSize);
      demand(
        batches.length === wanted && batches.every((batch) => batch.length === batchSize),
        `${where(data, split)}, batchSize ${batchSize}, dropLast`,
        `${batches.length} batches of ${batches
          .map((b) => b.length)
          .slice(0, 8)
          .join(', ')}`,
        { expected: `${wanted} batches of ${batchSize}` },
      );
      const rows = batches.flat();
      const all = allRows(data, split);
      const isDrawnOnce = rows.every((r) => rows.filter((x) => x === r).length <= all.filter((x) => x === r).length);
      demand(
        size > 2000 || isDrawnOnce,
        `${where(data, split)}, dropLast`,
        'a sample comes more often than it is in the split',
        { expected: 'at most once' },
      );
    }
  }
}

function isUnharmed(data: Dataset<unknown>, split: string): void {
  const before = fingerprint(split, data.all(split));
  const spoil = (batch: unknown): void => {
    for (const { leaf } of hostLeaves(split, batch)) leaf.data.fill(7);
  };
  spoil(data.all(split));
  for (const batch of data.batches(split, { batchSize: Math.max(1, data.size(split)) })) spoil(batch);
  demand(fingerprint(split, data.all(split)) === before, where(data, split), 'changing a batch changed the data set', {
    expected: 'batches that are copies',
  });
}

function refuses(subject: string, use: () => unknown): void {
  let error: unknown;
  try {
    use();
  } catch (caught) {
    error = caught;
  }
  demand(error !== undefined, subject, 'it was accepted', { expected: 'an OptionError' });
  const code = (error as { readonly code?: unknown }).code;
  demand(code === 'OPTION', subject, `it failed with ${String(error)}`, {
    expected: 'an OptionError of @node-ode/core',
  });
}
