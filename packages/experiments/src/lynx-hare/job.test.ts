import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { OptionError } from '@node-ode/core';
import { checkpointFolder, readSafetensors } from '@node-ode/train/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Command } from './command-line.ts';
import { runJob, type JobResult } from './job.ts';
import type { Settings } from './model.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lynx-hare-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A signal that is aborted once so many steps were made. */
function abortedAfter(steps: number): AbortSignal {
  let asked = 0;
  return Object.defineProperty(new AbortController().signal, 'aborted', { get: () => asked++ >= steps });
}

async function job(
  command: Partial<Command>,
  signal = new AbortController().signal,
): Promise<{ result: JobResult; text: string }> {
  const stream = new PassThrough();
  const result = await runJob({ settings: { steps: 3 }, out: folder, resume: false, ...command }, { stream, signal });
  return { result, text: String(stream.read()) };
}

const parametersIn = async (out: string): Promise<Map<string, unknown>> =>
  new Map((await readSafetensors(join(out, 'parameters.safetensors'))).tensors);

describe('the lynx–hare job', () => {
  it('leaves figures, parameters, metrics and a checkpoint, and says where', async () => {
    const { result, text } = await job({});
    expect(result.interrupted).toBe(false);
    const names = ['trajectory', 'phase-portrait', 'loss', 'nfe'];
    const files = [
      ...names.flatMap((name) => [`${name}.png`, `${name}.svg`]),
      'parameters.safetensors',
      'metrics.json',
    ];
    expect((await readdir(folder)).sort()).toEqual([...files, 'checkpoints'].sort());
    for (const name of names) {
      expect((await readFile(join(folder, `${name}.png`))).subarray(1, 4).toString()).toBe('PNG');
      expect(await readFile(join(folder, `${name}.svg`), 'utf8')).toContain('</svg>');
      expect(text).toContain(`${name}.svg, ${name}.png`);
    }
    expect([...(await parametersIn(folder)).keys()].sort()).toEqual(
      ['net[0].bias', 'net[0].weight', 'net[1].bias', 'net[1].weight', 'scale.mean', 'scale.std', 'y0'].sort(),
    );
    const metrics = JSON.parse(await readFile(join(folder, 'metrics.json'), 'utf8')) as {
      steps: number;
      nfe: number;
      nfeBackward: number;
      heldOut: { forecasts: { name: string; rmse: number }[] };
    };
    expect(metrics.steps).toBe(3);
    expect(metrics.nfe).toBeGreaterThan(18);
    expect(metrics.nfeBackward).toBeGreaterThan(18);
    const scores = metrics.heldOut.forecasts;
    expect(scores.map(({ name }) => name).slice(0, 2)).toEqual(['Neural ODE', 'persistence']);
    for (const { name, rmse } of scores) expect(text).toMatch(new RegExp(`${name} +${rmse.toFixed(2)}\n`));
    expect(text).toContain('1900–1916 to train on, 1917–1920 held out');
  });

  it.each(['wasm', 'reference'] as const)('interrupted and resumed leaves the same bytes on %s', async (backend) => {
    const straight = join(folder, 'straight');
    const broken = join(folder, 'broken');
    const settings = { steps: 7, seed: 5, backend };
    await job({ settings, out: straight });
    const first = await job({ settings, out: broken }, abortedAfter(3));
    expect(first.result).toEqual({ interrupted: true, step: 3 });
    expect(first.text).toContain('Interrupted after step 3 of 7.');
    expect(first.text).toContain(`npm start -- --resume --out ${JSON.stringify(broken)}`);
    expect(await readdir(broken)).toEqual(['checkpoints']);
    const second = await job({ settings: {}, out: broken, resume: true });
    expect(second.text).toContain(`${backend} engine; seed 5; going on after step 3 of 7`);
    expect(second.result.step).toBe(7);
    for (const name of ['parameters.safetensors', 'loss.svg', 'nfe.svg', 'trajectory.svg', 'phase-portrait.svg']) {
      expect((await readFile(join(broken, name))).equals(await readFile(join(straight, name))), name).toBe(true);
    }
  });

  it('refuses to resume with other settings', async () => {
    await job({ settings: { steps: 5 } }, abortedAfter(1));
    await expect(job({ settings: { steps: 5, seed: 1 }, resume: true })).rejects.toThrow(OptionError);
    await expect(job({ settings: { steps: 6 }, resume: true })).rejects.toThrow(
      'npm start: --resume with --steps 6; expected 5, as the run that is resumed',
    );
    await expect(job({ settings: { backend: 'reference' }, resume: true })).rejects.toThrow(
      'npm start: --resume with --backend reference; expected wasm, as the run that is resumed',
    );
    expect((await job({ settings: { steps: 5 }, resume: true })).result.step).toBe(5);
  });

  it('goes on with the reference engine from a checkpoint that names none', async () => {
    await job({ settings: { steps: 5, backend: 'reference' } }, abortedAfter(1));
    const store = checkpointFolder(join(folder, 'checkpoints'));
    const checkpoint = await store.latest();
    if (checkpoint === undefined) throw new Error('no checkpoint');
    const { backend, ...settings } = JSON.parse(checkpoint.metadata['settings'] ?? '') as Settings;
    expect(backend).toBe('reference');
    await store.save({ ...checkpoint, metadata: { settings: JSON.stringify(settings) } });
    expect((await job({ settings: {}, resume: true })).text).toContain(
      'reference engine; seed 0; going on after step 1',
    );
  });

  it('trains alike on both engines, if not to the last bit', async () => {
    const lossOn = async (backend: Settings['backend']): Promise<number> => {
      const out = join(folder, backend);
      await job({ settings: { steps: 60, backend }, out });
      return (JSON.parse(await readFile(join(out, 'metrics.json'), 'utf8')) as { loss: number }).loss;
    };
    // the same when this was written; solves are right to 1e-4, however they are rounded
    expect((await lossOn('wasm')) / (await lossOn('reference'))).toBeCloseTo(1, 3);
  });

  it('starts anew without --resume, and with it where there is nothing', async () => {
    await job({ settings: { steps: 5 } }, abortedAfter(2));
    expect((await job({})).text).toContain('3 steps.');
    const { result, text } = await job({ out: join(folder, 'none'), resume: true });
    expect(text).toContain('starting anew');
    expect(result.step).toBe(3);
  });

  it('depends on the seed', async () => {
    await job({ out: join(folder, 'a'), settings: { steps: 1, seed: 1 } });
    await job({ out: join(folder, 'b'), settings: { steps: 1, seed: 2 } });
    expect(await parametersIn(join(folder, 'a'))).not.toEqual(await parametersIn(join(folder, 'b')));
  });

  it('fits the record and forecasts better than its baselines, with an eighth of its steps', async () => {
    const { result } = await job({ settings: { steps: 375 } });
    if (result.interrupted) throw new Error('interrupted');
    const { fitRmse, scores } = result.evaluation;
    // 4.5 and 5.1 when this was written, on both engines; seeds 0 to 3 between 4.0 and 5.0, and between 4.6 and 5.1
    expect(fitRmse).toBeLessThan(6);
    expect(scores[0].rmse).toBeLessThan(7.5);
    for (const { rmse } of scores.slice(1)) expect(rmse).toBeGreaterThan(14);
  });
});
