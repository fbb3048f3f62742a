/** The experiments on MNIST, on a few made-up images: every row, one row alone, going on after an interruption. */
import { mkdtemp, readFile, rm, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runExperiment } from '../lab/run-experiment.ts';
import type { WrittenResults } from '../lab/write-results.ts';
import { experiment as mnistTable } from '../mnist-table/experiment.ts';
import { experiment as tolerance } from '../tolerance/experiment.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-'));
  const data = join(folder, 'data', 'mnist');
  await mkdir(data, { recursive: true });
  for (const [split, count] of [
    ['train', 96],
    ['t10k', 40],
  ] as const) {
    const labels = Array.from({ length: count }, (_, i) => i % 10);
    await writeFile(join(data, `${split}-labels-idx1-ubyte`), idx([count], labels));
    await writeFile(join(data, `${split}-images-idx3-ubyte`), idx([count, 28, 28], labels.flatMap(bar)));
  }
});
afterEach(() => rm(folder, { recursive: true }));

/** A file of IDX: unsigned bytes of this shape. */
const idx = (shape: readonly number[], bytes: readonly number[]): Uint8Array => {
  const extents = shape.flatMap((n) => [n >> 24, n >> 16, n >> 8, n].map((byte) => byte & 255));
  return Uint8Array.from([0, 0, 8, shape.length, ...extents, ...bytes]);
};

/** A bar whose place says the digit. */
const bar = (digit: number): number[] =>
  Array.from({ length: 784 }, (_, i) => (Math.floor(i / 56) === digit + 2 ? 255 : 0));

const small = ['--quick', '--backend', 'wasm', '--threads', '1', '--width', '4', '--epochs', '2', '--batch-size', '8'];

async function run(
  experiment: typeof mnistTable,
  args: readonly string[],
  signal = new AbortController().signal,
  stream = new PassThrough(),
): Promise<{ readonly interrupted: boolean; readonly results: () => Promise<WrittenResults> }> {
  const out = join(folder, 'results');
  const all = [...small, '--data', join(folder, 'data'), '--out', out, ...args];
  const { interrupted } = await runExperiment(experiment, all, { stream, signal, workRoot: join(folder, 'work') });
  return {
    interrupted,
    results: async () => JSON.parse(await readFile(join(out, 'results.json'), 'utf8')) as WrittenResults,
  };
}

const images = ['--train-images', '96', '--test-images', '40'];

describe('mnist-table', () => {
  it('has a row for each network', async () => {
    const { results } = await run(mnistTable, images);
    const [table] = (await results()).tables;
    expect(table?.rows.map(([title]) => title)).toEqual([
      'perceptron, one hidden layer of 300',
      'ResNet, six residual blocks',
      'RK-Net: ODE-Net by backprop',
      'ODE-Net, by the adjoint',
      'ODE-Net without its ODE block',
    ]);
    // The perceptron has learned the bars, which is no test of the others: they are too narrow.
    expect(table?.rows[0]?.[1]).toMatchObject({ mean: 0 });
    expect(table?.rows[0]?.[3]).toBe(238_510);
  });

  it('makes one row alone, and goes on where it was interrupted as if it had not been', async () => {
    const args = [...images, '--only', 'odenet', '--crop', '2'];
    const whole = await (await run(mnistTable, args)).results();
    await rm(join(folder, 'work'), { recursive: true });
    const controller = new AbortController();
    const stream = new PassThrough();
    stream.on('data', (text: Buffer) => {
      if (String(text).includes('epoch 1:')) controller.abort();
    });
    expect((await run(mnistTable, args, controller.signal, stream)).interrupted).toBe(true);
    const { results } = await run(mnistTable, args);
    const errorsAndLosses = ({ data }: WrittenResults): unknown => {
      const { runs } = data as { runs: { odenet: readonly { errors: unknown; losses: unknown; nfe: unknown }[] } };
      return runs.odenet.map(({ errors, losses, nfe }) => ({ errors, losses, nfe }));
    };
    expect(errorsAndLosses(await results())).toEqual(errorsAndLosses(whole));
  });
});

describe('tolerance', () => {
  it('evaluates at every tolerance, with less error for more evaluations', async () => {
    const { results } = await run(tolerance, [...images, '--batch', '4']);
    const { points } = (await results()).data as {
      points: readonly { tol: number; numericalError: number; nfe: readonly number[] }[];
    };
    expect(points.map(({ tol }) => tol)).toEqual([1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]);
    const [tightest, loosest] = [points[0], points.at(-1)];
    expect(tightest?.nfe).toHaveLength(10);
    expect(tightest?.nfe[0]).toBeGreaterThan(loosest?.nfe[0] ?? NaN);
    expect(tightest?.numericalError).toBeLessThan(1e-3);
    expect(loosest?.numericalError).toBeGreaterThan(tightest?.numericalError ?? NaN);
  });
});
