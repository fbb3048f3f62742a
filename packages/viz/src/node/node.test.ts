import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileError, OptionError } from '@node-ode/core';
import { Resvg } from '@resvg/resvg-wasm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { grid, lineChart, phasePortrait, type Figure } from '../index.ts';
import { textWidth } from '../text.ts';
import { renderPng, saveFigure } from './index.ts';

const chart = lineChart({
  title: 'A title that is a good deal longer than the picture is wide, so that it has to be broken into lines',
  width: 420,
  height: 300,
  x: { label: 'elapsed time', unit: 's' },
  y: { label: 'activity', unit: 'Bq', scale: 'log' },
  series: ['first', 'second', 'third', 'fourth', 'fifth'].map((name, i) => ({
    name: `the ${name} series`,
    x: [0, 1, 2],
    y: [8e6 * (i + 1), 4e-3, 2],
  })),
});

const portrait = phasePortrait({
  x: { label: 'x' },
  y: { label: 'y' },
  trajectories: [{ name: 'spiral', x: [-1e5, 1e5, 0], y: [0, 1, -1] }],
  field: (x, y) => [y, -x],
});

/** RGBA pixels of a picture, with the fonts of this package or with none at all. */
async function pixels(figure: Figure, fonts = true): Promise<Uint8Array> {
  await renderPng(figure.svg); // starts the engine
  const files = fonts ? ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'] : [];
  const at = (file: string) => createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${file}`);
  const fontBuffers = await Promise.all(files.map((file) => readFile(at(file))));
  return new Resvg(figure.svg, { font: { fontBuffers, defaultFontFamily: 'DejaVu Sans' } }).render().pixels;
}

const isInk = (image: Uint8Array, i: number): boolean => [0, 1, 2].some((c) => (image[4 * i + c] ?? 255) < 250);

describe('renderPng', () => {
  it('writes a PNG of the asked size', async () => {
    const png = await renderPng(chart.svg, { scale: 3 });
    expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const header = new DataView(png.buffer, png.byteOffset + 16, 8);
    expect([header.getUint32(0), header.getUint32(4)]).toEqual([1260, 900]);
  });

  it('shows text, whatever fonts the machine has', async () => {
    const words = lineChart({ title: 'Words', x: { label: '' }, y: { label: '' }, series: [] });
    const [withFonts, without] = [await pixels(words), await pixels(words, false)];
    const heading = Array.from({ length: 640 * 40 }, (_, i) => i);
    const count = (image: Uint8Array): number => heading.filter((i) => isInk(image, i)).length;
    expect(count(withFonts)).toBeGreaterThan(100);
    expect(count(without)).toBe(0);
  });

  it('knows how wide text is', async () => {
    const line = 'Function evaluations per step: 1234';
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="60"><text x="0" y="40" font-size="40" font-family="DejaVu Sans">${line}</text></svg>`;
    const image = await pixels({ svg, width: 900, height: 60 });
    const columns = Array.from({ length: 900 * 60 }, (_, i) => i).filter((i) => (image[4 * i + 3] ?? 0) > 100);
    const right = Math.max(...columns.map((i) => i % 900));
    expect(Math.abs(right - textWidth(line, 40))).toBeLessThan(6);
  });

  it('cuts nothing off', async () => {
    for (const figure of [chart, portrait, grid([chart, portrait], { title: 'Both' })]) {
      const image = await pixels(figure);
      const { width, height } = figure;
      const edge = 4;
      const isEdge = (x: number, y: number): boolean => x < edge || y < edge || x >= width - edge || y >= height - edge;
      const outside = Array.from({ length: width * height }, (_, i) => i).filter(
        (i) => isEdge(i % width, Math.floor(i / width)) && isInk(image, i),
      );
      expect(outside).toEqual([]);
    }
  });

  it('refuses a scale that is no size', async () => {
    await expect(renderPng(chart.svg, { scale: 0 })).rejects.toThrow(OptionError);
    await expect(renderPng(chart.svg, { scale: NaN })).rejects.toThrow(
      'renderPng: scale NaN; expected a positive number',
    );
  });
});

describe('saveFigure', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'viz-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('writes both files, and makes their folder', async () => {
    const saved = await saveFigure(chart, join(folder, 'deep', 'chart'));
    expect(saved).toEqual({ svg: join(folder, 'deep', 'chart.svg'), png: join(folder, 'deep', 'chart.png') });
    expect((await readdir(join(folder, 'deep'))).sort()).toEqual(['chart.png', 'chart.svg']);
    expect(await readFile(saved.svg, 'utf8')).toBe(chart.svg);
    expect((await readFile(saved.png)).subarray(1, 4).toString()).toBe('PNG');
  });

  it('replaces earlier files', async () => {
    await saveFigure(chart, join(folder, 'figure'));
    const { svg } = await saveFigure(portrait, join(folder, 'figure'));
    expect(await readFile(svg, 'utf8')).toBe(portrait.svg);
  });

  it('leaves nothing behind when it fails', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(saveFigure(chart, join(folder, 'file', 'chart'))).rejects.toThrow(FileError);
    await expect(saveFigure(chart, '/proc/none/chart')).rejects.toThrow(
      "saveFigure: the folder /proc/none can't be made",
    );
    await expect(saveFigure({ ...chart, svg: '<svg' }, join(folder, 'chart'))).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['file']);
  });
});
