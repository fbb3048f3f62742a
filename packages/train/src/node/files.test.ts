import { mkdir, mkdtemp, open, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, FormatError, hostArray, OptionError, random } from '@node-ode/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { encodeSafetensors } from '../safetensors/encode.ts';
import { writeFileAtomically } from './atomic-write.ts';
import { checkpointFolder, latestCheckpoint, readCheckpoint } from './checkpoint-folder.ts';
import { readSafetensors, writeSafetensors } from './safetensors-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'train-'));
});
afterEach(() => rm(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

describe('safetensors files', () => {
  it('are read as they were written, their folder made', async () => {
    const tensors = {
      x: array([[1, 2]]),
      y: array([Math.PI], { dtype: 'f64' }),
      none: hostArray(new Int32Array(0), [0], 'i32'),
    };
    await writeSafetensors(at('a/b/model.safetensors'), tensors, { made: 'here' });
    const read = await readSafetensors(at('a/b/model.safetensors'));
    expect(Object.fromEntries(read.tensors)).toEqual(tensors);
    expect(read.metadata.get('made')).toBe('here');
    expect(await readdir(at('a/b'))).toEqual(['model.safetensors']);
  });

  it('that are damaged, foreign or missing are refused by name', async () => {
    const bytes = encodeSafetensors({ x: array([1, 2, 3]) });
    await writeFile(at('cut'), bytes.subarray(0, -1));
    await writeFile(at('foreign'), '# A README\n\nwith some text');
    await writeFile(at('empty'), '');
    await expect(readSafetensors(at('cut'))).rejects.toThrow(
      `${at('cut')}, byte 64: tensor “x” ends at byte 76 of a file of 75`,
    );
    await expect(readSafetensors(at('foreign'))).rejects.toThrow(`${at('foreign')}, byte 0: a header of`);
    await expect(readSafetensors(at('empty'))).rejects.toThrow('the file ends after 0 bytes');
    await expect(readSafetensors(at('none'))).rejects.toThrow(`${at('none')} can't be opened`);
    await expect(readSafetensors(folder)).rejects.toThrow(`${folder} is no file`);
    for (const name of ['cut', 'foreign', 'empty', 'none']) {
      await expect(readSafetensors(at(name))).rejects.toThrow(FormatError);
    }
  });

  it('of any size are refused by their header, unread', async () => {
    const sparse = await open(at('sparse'), 'w');
    await sparse.write(encodeSafetensors({ x: array([1]) }));
    await sparse.truncate(2 ** 40); // a terabyte that takes no room
    await sparse.close();
    const before = process.memoryUsage().rss;
    await expect(readSafetensors(at('sparse'))).rejects.toThrow('bytes that belong to no tensor');
    expect(process.memoryUsage().rss - before).toBeLessThan(1e8);
  });
});

describe('an atomic write', () => {
  it('replaces a file', async () => {
    await writeFile(at('x'), 'old');
    await writeFileAtomically('test', at('x'), Uint8Array.of(1, 2));
    expect([...(await readFile(at('x')))]).toEqual([1, 2]);
    expect(await readdir(folder)).toEqual(['x']);
  });

  it('that fails leaves what was there, and nothing else', async () => {
    await mkdir(at('x'));
    await writeFile(at('x/inside'), '');
    await expect(writeFileAtomically('test', at('x'), Uint8Array.of(1))).rejects.toThrow();
    await expect(writeFileAtomically('test', at('x/inside/y'), Uint8Array.of(1))).rejects.toThrow('ENOTDIR');
    expect(await readdir(folder)).toEqual(['x']);
  });

  it('is never seen half done', async () => {
    const contents = [1, 2].map((n) => new Uint8Array(3_000_000).fill(n));
    await writeFileAtomically('test', at('x'), contents[0]!);
    let writing = true;
    const writes = (async () => {
      for (let i = 0; i < 20; i++) await writeFileAtomically('test', at('x'), contents[i % 2]!);
      writing = false;
    })();
    let reads = 0;
    while (writing) {
      const found = await readFile(at('x'));
      reads += 1;
      expect(found.length).toBe(3_000_000);
      expect(found.every((byte) => byte === found[0])).toBe(true);
    }
    await writes;
    expect(reads).toBeGreaterThan(1);
  });
});

describe('checkpointFolder', () => {
  const checkpoint = (step: number): Checkpoint => ({
    step,
    epoch: 1,
    batch: 2,
    seconds: 0.1,
    random: random(1).state(),
    state: new Map([['params.w', array([step, -0])]]),
    history: { step: [1, 2], loss: [0.5, NaN] },
    metadata: { seed: '1' },
  });
  const name = (step: number): string => `step-${String(step).padStart(9, '0')}.safetensors`;

  it('gives back the newest', async () => {
    const store = checkpointFolder(at('new'));
    expect(await store.latest()).toBeUndefined();
    for (const step of [1, 9, 10]) await store.save(checkpoint(step));
    expect(await store.latest()).toEqual(checkpoint(10));
    expect(await readCheckpoint(join(at('new'), name(9)))).toEqual(checkpoint(9));
  });

  it('keeps the last few', async () => {
    const store = checkpointFolder(folder, { keep: 2 });
    await writeFile(at('notes.txt'), 'mine');
    for (const step of [1, 2, 3, 4]) await store.save(checkpoint(step));
    expect((await readdir(folder)).sort()).toEqual(['notes.txt', name(3), name(4)]);
  });

  it('forgets what comes after a step that it went back to', async () => {
    const store = checkpointFolder(folder);
    for (const step of [2, 4, 6]) await store.save(checkpoint(step));
    await store.save(checkpoint(3));
    expect((await store.latest())?.step).toBe(3);
    expect((await readdir(folder)).sort()).toEqual([name(2), name(3)]);
  });

  it('passes over damaged files with a warning, and over temporary ones without', async () => {
    const warn = vi.fn<(message: string) => void>();
    const store = checkpointFolder(folder, { warn });
    await store.save(checkpoint(5));
    const bytes = await readFile(at(name(5)));
    await writeFile(at(name(6)), bytes.subarray(0, bytes.length / 2));
    await writeFile(at(name(7)), encodeSafetensors({ x: array([1]) }));
    await mkdir(at(name(8)));
    await writeFile(at(`.${name(9)}.1234.tmp`), bytes);
    await writeFile(at(`${name(9)}.tmp`), bytes);
    expect((await store.latest())?.step).toBe(5);
    expect(warn.mock.calls.map(([message]) => message)).toEqual([
      expect.stringContaining(`${at(name(8))} is no file`),
      expect.stringContaining(`${at(name(7))} has the format undefined; expected “node-ode checkpoint 1”`),
      expect.stringContaining(`${at(name(6))}, byte `),
    ]);
  });

  it('warns through the process by default', async () => {
    const emitted = vi.spyOn(process, 'emitWarning').mockReturnValue();
    await writeFile(at(name(1)), '');
    expect(await latestCheckpoint(folder)).toBeUndefined();
    expect(String(emitted.mock.calls[0]?.[0])).toContain('Passing over a damaged checkpoint.');
    emitted.mockRestore();
  });

  it('removes temporary files once nobody writes them any more', async () => {
    const [old, young] = [at(`.${name(1)}.a.tmp`), at(`.${name(1)}.b.tmp`)];
    for (const path of [old, young]) await writeFile(path, '');
    await utimes(old, new Date(0), new Date(0));
    await checkpointFolder(folder).save(checkpoint(1));
    expect((await readdir(folder)).sort()).toEqual([`.${name(1)}.b.tmp`, name(1)]);
  });

  it('refuses to keep none', () => {
    for (const keep of [0, -1, 1.5, NaN]) expect(() => checkpointFolder(folder, { keep })).toThrow(OptionError);
  });

  it.each([
    ['step', { step: '-1' }],
    ['step', { step: '' }],
    ['epoch', { epoch: '1.5' }],
    ['batch', { batch: 'x' }],
    ['seconds', { seconds: 'NaN' }],
    ['generator state', { random: '1 2 3' }],
    ['generator state', { random: '0 0 0 0 1 1' }],
  ])('refuses a checkpoint whose %s is wrong', async (what, wrong) => {
    const good = {
      format: 'node-ode checkpoint 1',
      step: '1',
      epoch: '0',
      batch: '0',
      seconds: '1',
      random: '1 2 3 4 5 6',
    };
    await writeFile(at('good'), encodeSafetensors({}, good));
    await writeFile(at('wrong'), encodeSafetensors({}, { ...good, ...wrong }));
    expect((await readCheckpoint(at('good'))).step).toBe(1);
    await expect(readCheckpoint(at('wrong'))).rejects.toThrow(`${at('wrong')} has the ${what}`);
  });
});
