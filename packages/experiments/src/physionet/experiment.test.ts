import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { runExperiment } from '../lab/run-experiment.ts';
import type { WrittenResults } from '../lab/write-results.ts';
import { experiment } from './experiment.ts';

/** Twenty stays of ten hours, whose heart rate rises by one each hour from where it began. */
async function writeRecords(root: string): Promise<void> {
  const folder = join(root, 'physionet2012');
  await mkdir(folder, { recursive: true });
  const ids = Array.from({ length: 20 }, (_, i) => 100 + i);
  const hours = Array.from({ length: 10 }, (_, hour) => hour);
  const rows = ids.flatMap((id) =>
    hours.flatMap((hour) => [
      `${id},${60 * hour},HR,${60 + id / 5 + hour}`,
      `${id},${60 * hour},Temp,${36 + (id % 3)}`,
    ]),
  );
  await writeFile(join(folder, 'set_a_first1000.csv'), `record_id,minutes,parameter,value\n${rows.join('\n')}\n`);
  const outcomes = ids.map((id) => `${id},0`);
  await writeFile(join(folder, 'outcomes_a_first1000.csv'), `RecordID,In-hospital_death\n${outcomes.join('\n')}\n`);
}

it('trains every model, and compares it with what needs no training', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'physionet-'));
  const small = ['--steps', '3', '--batch-size', '8', '--hidden', '6', '--latent', '3'];
  try {
    await writeRecords(folder);
    await runExperiment(experiment, ['--quick', ...small, '--data', folder, '--out', join(folder, 'out')], {
      stream: new PassThrough(),
      signal: new AbortController().signal,
      workRoot: join(folder, 'work'),
    });
    const { tables } = JSON.parse(await readFile(join(folder, 'out', 'results.json'), 'utf8')) as WrittenResults;
    const rows = tables[0]?.rows ?? [];
    const errors = rows.map(([, cell]) => (typeof cell === 'object' && cell !== null ? cell.mean : NaN));
    expect(errors).toHaveLength(6);
    // Untrained models are about as far off as the mean; the line between values is the truth here.
    errors.slice(0, 3).forEach((error) => expect(error).toBeLessThan(3));
    expect(errors[5]).toBeLessThan(1e-10);
    expect(errors[4]).toBeLessThan(errors[3]!);
  } finally {
    await rm(folder, { recursive: true });
  }
});
