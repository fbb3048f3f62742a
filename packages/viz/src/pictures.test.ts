import { hostArray, OptionError, ShapeError } from '@node-ode/core';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { barChart, flowLines, imageGrid } from './index.ts';

const plane = { x: { label: 'x', domain: [0, 4] }, y: { label: 'y', domain: [0, 4] } } as const;

describe('flowLines', () => {
  const particles = [{ name: 'a', x: [[0, 4], [2, 4], [4, 4]], y: [[0, 0], [0, 2], [0, 4]] }]; // prettier-ignore

  it('draws a path for each particle, with a dot at its end', () => {
    const { svg } = flowLines({ ...plane, particles });
    const [, d = ''] = /<path d="([^"]*)"[^>]* stroke-width="1"/.exec(svg) ?? [];
    expect(
      d
        .split('M')
        .slice(1)
        .map((path) => path.split('L').length),
    ).toEqual([3, 3]);
    expect(svg.match(/h0/g)).toHaveLength(2);
    expect(svg).not.toContain('NaN');
  });

  it('refuses particles that are not as many at each time', () => {
    const some = [{ name: 'a', x: [[0], [1, 2]], y: [[0], [1]] }];
    expect(() => flowLines({ ...plane, particles: some })).toThrow(ShapeError);
    expect(() => flowLines({ ...plane, particles: some })).toThrow(
      'flowLines: “a” has 1, 2 x values and 1, 1 y values',
    );
  });
});

describe('imageGrid', () => {
  const pixels = (svg: string) =>
    [...svg.matchAll(/base64,([^"]*)"/g)].map((match) =>
      decode(Uint8Array.from(atob(match[1] ?? ''), (c) => c.charCodeAt(0))),
    );

  it('shows each image in its range, rows from the top', () => {
    const images = hostArray(Float32Array.of(0, 1, 2, 4, 9, -9, 1, 1), [2, 1, 2, 2], 'f32');
    const [first, second] = pixels(imageGrid({ images, range: [0, 4], size: 2 }).svg);
    expect([...(first?.data ?? [])]).toEqual([0, 64, 128, 255]);
    expect([...(second?.data ?? [])]).toEqual([255, 0, 64, 64]);
  });

  it('puts channels last', () => {
    const images = hostArray(Float32Array.of(1, 0, 0, 1, 0, 0), [1, 3, 1, 2], 'f32');
    const [image] = pixels(imageGrid({ images, size: 2 }).svg);
    expect([image?.channels, ...(image?.data ?? [])]).toEqual([3, 255, 0, 0, 0, 255, 0]);
  });

  it('has room for captions, a title and all rows', () => {
    const images = hostArray(new Float32Array(3 * 4), [3, 1, 2, 2], 'f32');
    const plain = imageGrid({ images, columns: 2 });
    const named = imageGrid({ images, columns: 2, captions: ['4', '9', '<'], title: 'Digits' });
    expect(named.width).toBe(plain.width);
    expect(named.height).toBeGreaterThan(plain.height + 30);
    for (const text of ['>4<', '>&lt;<', '>Digits<']) expect(named.svg).toContain(text);
  });

  it('refuses what are no images', () => {
    const images = hostArray(new Float32Array(8), [2, 1, 2, 2], 'f32');
    expect(() => imageGrid({ images: hostArray(new Float32Array(4), [4], 'f32') })).toThrow(
      'imageGrid: images of shape [4]',
    );
    expect(() => imageGrid({ images, captions: ['one'] })).toThrow(ShapeError);
    expect(() => imageGrid({ images, range: [1, 1] })).toThrow(OptionError);
    expect(() => imageGrid({ images, columns: 0 })).toThrow(OptionError);
  });
});

describe('barChart', () => {
  const categories = ['ResNet', 'ODE-Net with a name that is long'];
  const y = { label: 'error', unit: '%' };
  const heights = (svg: string): number[] =>
    [...svg.matchAll(/<rect x="[^"]*" y="[^"]*" width="[^"]*" height="([^"]*)" fill="#0072B2"/g)].map((m) =>
      Number(m[1]),
    );

  it('has bars as long as their values, on zero', () => {
    const { svg } = barChart({ categories, y, bars: [{ name: 'ours', values: [1, 2] }] });
    const [one = 0, two = 0] = heights(svg);
    expect(two / one).toBeCloseTo(2, 2);
    for (const text of ['>ResNet<', '>ours<', '>error [%]<']) expect(svg).toContain(text);
  });

  it('leaves out what is missing, and shows spreads', () => {
    const { svg } = barChart({ categories, y, bars: [{ name: '', values: [NaN, 2], spread: [NaN, 0.5] }] });
    expect(heights(svg)).toHaveLength(1);
    expect(svg).toContain('stroke-width="1.4"');
    expect(svg).not.toContain('NaN');
  });

  it('breaks names into lines where room is short', () => {
    const narrow = barChart({ categories, y, width: 260, bars: [{ name: '', values: [1, 2] }] });
    expect(narrow.svg).toContain('>ResNet<');
    expect(narrow.svg).not.toContain('>ODE-Net with a name that is long<');
    expect(narrow.height).toBe(400);
  });

  it('refuses values that are not one for each name', () => {
    expect(() => barChart({ categories, y, bars: [{ name: 'ours', values: [1] }] })).toThrow(
      'barChart: “ours” has 1 values for 2 categories; expected one for each.',
    );
  });
});
