import { OptionError, ShapeError } from '@node-ode/core';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { acrossRuns, cells, colours, decisionMap, heatMap, lineChart, scatter } from './index.ts';

const plane = { x: { label: 'x' }, y: { label: 'y' } };
const few = cells({ x: [0, 2], y: [0, 1], columns: 2, rows: 2 });

/** The colours of a map's cells, row by row from the top, each from the middle of its cell. */
function seen(svg: string, columns: number, rows: number): number[][] {
  const image = /<image x="([\d.]+)"[^>]*href="data:image\/png;base64,([^"]*)"/.exec(svg);
  const { width, height, channels, data } = decode(Uint8Array.from(atob(image?.[2] ?? ''), (c) => c.charCodeAt(0)));
  return Array.from({ length: columns * rows }, (_, i) => {
    const x = Math.floor(((i % columns) + 0.5) * (width / columns));
    const y = Math.floor((Math.floor(i / columns) + 0.5) * (height / rows));
    return Array.from(data.slice((y * width + x) * channels, (y * width + x + 1) * channels));
  });
}

describe('cells', () => {
  it('are asked at their centres, the lowest row first', () => {
    expect([...few.centres.x]).toEqual([0.5, 1.5, 0.5, 1.5]);
    expect([...few.centres.y]).toEqual([0.25, 0.25, 0.75, 0.75]);
    expect(few.area).toBe(0.5);
  });

  it('sum a density to one', () => {
    const { centres, area } = cells({ x: [-6, 6], y: [-6, 6], columns: 60 });
    const total = centres.x.reduce((sum, x, i) => sum + Math.exp(-(x * x + (centres.y[i] ?? 0) ** 2) / 2), 0);
    expect((total * area) / (2 * Math.PI)).toBeCloseTo(1, 6);
  });

  it('refuses empty ranges and counts', () => {
    expect(() => cells({ x: [1, 1], y: [0, 1] })).toThrow('cells: x from 1 to 1; expected a finite range that grows');
    expect(() => cells({ x: [0, 1], y: [0, Infinity] })).toThrow(OptionError);
    expect(() => cells({ x: [0, 1], y: [0, 1], columns: 0 })).toThrow('cells: 0 columns and 0 rows');
  });
});

describe('heatMap', () => {
  const map = { ...plane, cells: few, value: { label: 'density', unit: '1/m²' } };

  it('shows each value where it is, the lowest row below', () => {
    const { svg } = heatMap({ ...map, values: [0, 1, 0.5, 0], colours: 'greys' });
    const [topLeft, topRight, left, right] = seen(svg, 2, 2);
    expect([topRight, left]).toEqual([
      [255, 255, 255],
      [255, 255, 255],
    ]);
    expect(right).toEqual([0, 0, 0]);
    expect(topLeft?.[0]).toBeGreaterThan(100);
    expect(svg).toContain('>density [1/m²]<');
  });

  it('asks a function what an array would say', () => {
    const values = Array.from(few.centres.x, (x, i) => x - 3 * (few.centres.y[i] ?? 0));
    expect(heatMap({ ...map, values }).svg).toBe(heatMap({ ...map, values: (x, y) => x - 3 * y }).svg);
  });

  it('leaves cells without a value transparent', () => {
    const { svg } = heatMap({ ...map, values: [NaN, 1, 10, 0], value: { label: 'p', scale: 'log' } });
    expect(seen(svg, 2, 2).map(([, , , opacity]) => opacity)).toEqual([255, 0, 0, 255]);
    expect(svg).not.toContain('NaN');
  });

  it('has white for zero where values have a sign', () => {
    const [, , zero, least] = seen(heatMap({ ...map, values: [0, -2, 1, 1], colours: 'signed' }).svg, 2, 2);
    expect(zero?.every((channel) => channel > 253)).toBe(true);
    expect(least).toEqual([0xd5, 0x5e, 0x00]);
  });

  it('draws values that are all the same, and none', () => {
    for (const value of [0, 3, NaN]) expect(heatMap({ ...map, values: () => value }).svg).not.toContain('NaN');
  });

  it('ends where its cells do, with equal units if asked to', () => {
    const { svg, width, height } = heatMap({ ...map, values: () => 1, bar: false, equal: true, height: 900 });
    const [, across, down] = /<image x="0" y="0" width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
    expect(Number(across) / Number(down)).toBeCloseTo(2, 3);
    expect(width).toBe(640);
    expect(height).toBeLessThan(420);
  });

  it('is small', () => {
    const normal = (x: number, y: number): number => Math.exp(-x * x - y * y);
    const { svg } = heatMap({ ...map, cells: cells({ x: [-3, 3], y: [-3, 3] }), values: normal });
    expect(svg.length).toBeLessThan(40_000);
  });

  it('refuses values that are not one for each cell, and logarithmic axes', () => {
    expect(() => heatMap({ ...map, values: [1] })).toThrow(ShapeError);
    expect(() => heatMap({ ...map, values: [1] })).toThrow('heatMap: 1 values for 2 × 2 cells');
    const x = { label: 'x', scale: 'log' } as const;
    expect(() => heatMap({ ...map, x, values: () => 1 })).toThrow('heatMap: a logarithmic axis over cells');
  });
});

describe('decisionMap', () => {
  const classes = [
    { name: 'inner', x: [0.5], y: [0.2] },
    { name: 'outer', x: [1.5], y: [0.8] },
  ];

  it('fills regions with tints of their classes', () => {
    const { svg } = decisionMap({ ...plane, cells: few, regions: [0, 1, NaN, 0], classes });
    const [none, topRight, left, right] = seen(svg, 2, 2);
    expect(none?.[3]).toBe(0);
    expect(left).toEqual(topRight);
    expect(left).not.toEqual(right);
    expect([...colours.slice(0, 2)].every((colour) => svg.includes(`<g fill="${colour}"`))).toBe(true);
  });

  it('refuses a region of no class', () => {
    expect(() => decisionMap({ ...plane, cells: few, regions: () => 2, classes })).toThrow(
      'decisionMap: a region of class 2; expected 0 to 1',
    );
    expect(() => decisionMap({ ...plane, cells: few, regions: () => 0.5, classes })).toThrow(OptionError);
  });
});

describe('scatter', () => {
  it('has markers for few points and dots for many, as the series may overrule', () => {
    const many = Array.from({ length: 1000 }, (_, i) => i / 1000);
    const [dots, marked] = [undefined, true].map(
      (points) => scatter({ ...plane, series: [{ name: 'a', x: many, y: many, ...(points && { points }) }] }).svg,
    );
    expect(dots?.length).toBeLessThan(20_000);
    expect(dots?.match(/h0/g)).toHaveLength(1000);
    expect(marked?.match(/<path[^>]*transform/g)).toHaveLength(1000);
  });

  it('gives a unit of both axes the same length', () => {
    const x = { label: 'x', domain: [0, 1] as const };
    const y = { label: 'y', domain: [0, 1] as const };
    const { svg } = scatter({ x, y, equal: true, series: [] });
    const [, down, across] = /M0,0V([\d.]+)H([\d.]+)/.exec(svg) ?? [];
    expect(Number(across)).toBe(Number(down));
    expect(() => scatter({ x: { ...x, scale: 'log' }, y, equal: true, series: [] })).toThrow(OptionError);
  });
});

describe('spread', () => {
  const y = { label: 'y', domain: [0, 10] as const };
  const x = { label: 'x', domain: [0, 2] as const };
  const base = { name: '', x: [0, 1, 2], y: [5, 5, 5] };

  it('is a band along a line and bars at markers', () => {
    const band = lineChart({ x, y, series: [{ ...base, spread: [1, 2, 1] }] }).svg;
    expect(band).toContain('fill-opacity="0.2"');
    const bars = lineChart({ x, y, series: [{ ...base, points: true, spread: [1, 2, 1] }] }).svg;
    expect(bars).not.toContain('fill-opacity');
    const [, d = ''] = /<path d="([^"]*)"[^>]* stroke-width="1.4"/.exec(bars) ?? [];
    const [one, two, three] = [...d.matchAll(/,([-\d.]+)V([-\d.]+)/g)].map((m) => Number(m[1]) - Number(m[2]));
    expect([one, one]).toEqual([three, expect.closeTo((two ?? 0) / 2, 1)]);
    expect(one).toBeGreaterThan(10);
  });

  it('makes the axis long enough, may have two different ends, and ends at the edge of a logarithmic axis', () => {
    const ends = { low: [-1, 4, 4], high: [60, 6, NaN] };
    const { svg } = lineChart({ x, y: { label: 'y', scale: 'log' }, series: [{ ...base, spread: ends }] });
    expect(svg).toContain('>50<');
    expect(svg).not.toContain('NaN');
  });

  it('refuses one that is not as long as its series', () => {
    expect(() => lineChart({ x, y, series: [{ ...base, name: 'a', spread: [1] }] })).toThrow(
      'lineChart: the spread of “a” has 1 values for 3 points; expected one for each point.',
    );
  });

  it('is what runs differ by', () => {
    const { mean, deviation } = acrossRuns([
      [1, 2],
      [3, 2],
    ]);
    expect(mean).toEqual([2, 2]);
    expect(deviation).toEqual([Math.SQRT2, 0]);
    expect(acrossRuns([[1]]).deviation).toEqual([NaN]);
    expect(() => acrossRuns([[1], [1, 2]])).toThrow(ShapeError);
  });
});
