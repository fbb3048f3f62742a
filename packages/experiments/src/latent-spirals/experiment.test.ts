import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { runExperiment } from '../lab/run-experiment.ts';
import type { WrittenResults } from '../lab/write-results.ts';
import { experiment } from './experiment.ts';

it('trains both models, and writes errors and pictures', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latent-spirals-'));
  const small = ['--steps', '3', '--train', '20', '--batch-size', '10', '--test', '4', '--observed', '5'];
  try {
    await runExperiment(experiment, ['--quick', ...small, '--out', join(folder, 'out')], {
      stream: new PassThrough(),
      signal: new AbortController().signal,
      workRoot: join(folder, 'work'),
    });
    expect((await readdir(join(folder, 'out'))).sort()).toEqual([
      'README.md',
      'results.json',
      'spirals-5.png',
      'spirals-5.svg',
    ]);
    const { tables } = JSON.parse(await readFile(join(folder, 'out', 'results.json'), 'utf8')) as WrittenResults;
    const [row] = tables[0]?.rows ?? [];
    const means = (row ?? []).slice(1, 4).map((cell) => (typeof cell === 'object' && cell !== null ? cell.mean : NaN));
    // Untrained, all are about as far from the spirals as these are from the origin.
    means.forEach((mean) => expect(mean).toBeGreaterThan(1));
    means.forEach((mean) => expect(mean).toBeLessThan(20));
  } finally {
    await rm(folder, { recursive: true });
  }
});
