import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OptionError } from '@node-ode/core';
import { decode, decodeFrames } from 'modern-gif';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { animate, scatter, type Animation, type Figure } from '../index.ts';
import { renderGif, saveAnimation } from './index.ts';
import { withPixels } from './render-pixels.ts';

const dot = (t: number): Figure =>
  scatter({
    title: `t = ${t.toFixed(2)}`,
    width: 240,
    height: 200,
    x: { label: 'x', unit: 'm', domain: [-1.2, 1.2] },
    y: { label: 'y', unit: 'm', domain: [-1.2, 1.2] },
    series: [{ name: '', x: [Math.cos(t), 0], y: [Math.sin(t), 0] }],
  });
const animation = animate(dot, { to: 6, frames: 12, seconds: 1.2, hold: 0.5 });
const pixelsOf = (figure: Figure | undefined): Promise<Uint8Array> =>
  withPixels('test', figure?.svg ?? '', { scale: 1 }, ({ pixels }) => pixels);

/** The bytes in a buffer of their own, which the decoder asks for. */
const bufferOf = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;

describe('renderGif', () => {
  it('holds each frame, as a decoder of somebody else sees it', async () => {
    const shown = decodeFrames(bufferOf(await renderGif(animation)));
    expect(shown).toHaveLength(12);
    for (const [i, frame] of shown.entries()) {
      expect([frame.width, frame.height]).toEqual([240, 200]);
      const drawn = await pixelsOf(animation.frames[i]);
      const apart = frame.data.map((value, k) => Math.abs(value - (drawn[k] ?? 0)));
      expect(apart.reduce((a, b) => Math.max(a, b), 0)).toBeLessThan(25);
      expect(apart.reduce((a, b) => a + b, 0) / apart.length).toBeLessThan(0.1);
    }
  });

  it('lasts as long as it says, and begins anew unless told otherwise', async () => {
    const gif = decode(bufferOf(await renderGif(animation)));
    expect(gif.frames.map(({ delay }) => delay)).toEqual([...Array.from({ length: 11 }, () => 100), 600]);
    expect(gif).toMatchObject({ looped: true, loopCount: 0 });
    expect(decode(bufferOf(await renderGif(animation, { loop: false }))).looped).not.toBe(true);
  });

  it('pays for what changes, not for the frame', async () => {
    const first: Animation = { frames: animation.frames.slice(0, 1), seconds: [1] };
    const still: Animation = {
      frames: Array.from({ length: 20 }, () => dot(0)),
      seconds: Array.from({ length: 20 }, () => 1),
    };
    const [one, twenty] = [await renderGif(first), await renderGif(still)];
    expect((twenty.length - one.length) / 19).toBeLessThan(0.2 * one.length);
    expect((await renderGif(animation)).length).toBeLessThan(6 * one.length);
  });

  it('has the size that is asked for', async () => {
    expect(decode(bufferOf(await renderGif(animation, { scale: 2 })))).toMatchObject({ width: 480, height: 400 });
    await expect(renderGif(animation, { scale: 0 })).rejects.toThrow('renderGif: scale 0; expected a positive number');
  });

  it('refuses what is no animation', async () => {
    await expect(renderGif({ frames: [], seconds: [] })).rejects.toThrow(OptionError);
    await expect(renderGif({ ...animation, seconds: [1, 0] })).rejects.toThrow('renderGif: 0 seconds for frame 1');
  });
});

describe('saveAnimation', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'viz-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('writes the file, and makes its folder', async () => {
    const { gif } = await saveAnimation(animation, join(folder, 'deep', 'dot'));
    expect(gif).toBe(join(folder, 'deep', 'dot.gif'));
    expect(await readdir(join(folder, 'deep'))).toEqual(['dot.gif']);
    expect((await readFile(gif)).subarray(0, 6).toString()).toBe('GIF89a');
  });

  it('leaves nothing behind when it fails', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(saveAnimation(animation, join(folder, 'file', 'dot'))).rejects.toThrow();
    await expect(
      saveAnimation({ frames: [{ svg: '<svg', width: 1, height: 1 }], seconds: [1] }, join(folder, 'dot')),
    ).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['file']);
  });
});
