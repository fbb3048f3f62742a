import { ShapeError, OptionError } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { colours, grid, lineChart, phasePortrait, type LineChartOptions } from './index.ts';

const decay: LineChartOptions = {
  title: 'Decay',
  x: { label: 'time', unit: 's' },
  y: { label: 'activity', unit: 'Bq' },
  series: [{ name: 'model', x: [0, 1, 2], y: [8, 4, 2] }],
};

/** The values of an attribute, in document order. */
const attribute = (svg: string, name: string): string[] =>
  [...svg.matchAll(new RegExp(` ${name}="([^"]*)"`, 'g'))].map((match) => match[1] ?? '');

/** The numbers of the first path with this colour. */
const pathOf = (svg: string, stroke: string): string =>
  new RegExp(`<path d="([^"]*)"[^>]* stroke="${stroke}"`).exec(svg)?.[1] ?? '';

describe('lineChart', () => {
  it('names the title, the axes with their units and the series', () => {
    const { svg, width, height } = lineChart({ ...decay, width: 500, height: 300 });
    for (const text of ['>Decay<', '>time [s]<', '>activity [Bq]<', '>model<']) expect(svg).toContain(text);
    expect([width, height]).toEqual([500, 300]);
    expect(svg).toMatch(/^<svg [^>]*width="500" height="300"/);
  });

  it('draws a point where its values say', () => {
    const x = { label: 'x', domain: [0, 2] as const };
    const y = { label: 'y', domain: [0, 8] as const };
    const { svg } = lineChart({ ...decay, x, y, series: [{ name: '', x: [0, 1, 2], y: [8, 4, 0] }] });
    const numbers =
      pathOf(svg, colours[0])
        .match(/-?[\d.]+/g)
        ?.map(Number) ?? [];
    const [x0, y0, x1, y1, x2, y2] = numbers;
    expect([x0, y0]).toEqual([0, 0]);
    expect(x1).toBeCloseTo((x2 ?? 0) / 2, 1);
    expect(y1).toBeCloseTo((y2 ?? 0) / 2, 1);
    expect(x2).toBeGreaterThan(400);
    expect(y2).toBeGreaterThan(200);
  });

  it('leaves a gap where a value is missing or has no place on a logarithmic axis', () => {
    const y = { label: 'y', scale: 'log' } as const;
    const { svg } = lineChart({ ...decay, y, series: [{ name: '', x: [0, 1, 2, 3, 4], y: [1, 2, NaN, 4, 0] }] });
    expect(pathOf(svg, colours[0]).match(/M/g)).toHaveLength(2);
    expect(svg).not.toContain('NaN');
  });

  it('draws dashed lines, markers, and colours that are asked for', () => {
    const { svg } = lineChart({
      ...decay,
      series: [
        { name: 'fit', x: [0, 1], y: [1, 2], dashed: true, colour: 2 },
        { name: 'data', x: [0, 1, 2], y: [1, 2, 3], points: true, colour: 2 },
      ],
    });
    // one in the legend, one in the plot
    expect(attribute(svg, 'stroke-dasharray')).toHaveLength(2);
    const markers = [...svg.matchAll(/<g fill="([^"]*)"[^>]*>((?:<path[^>]*\/>)+)<\/g>/g)];
    expect(markers.map((match) => [match[1], match[2]?.split('/>').length])).toEqual([[colours[2], 4]]);
    expect(attribute(svg, 'stroke').filter((colour) => colour === colours[2])).toHaveLength(2);
  });

  it('shades a range up to the edge', () => {
    const x = { label: 'x', domain: [0, 10] as const };
    const held = lineChart({ ...decay, x, bands: [{ from: 7.5, to: Infinity, label: 'held out' }] });
    expect(held.svg).toContain('>held out<');
    const band = /<rect x="([\d.]+)" width="([\d.]+)"/.exec(held.svg);
    expect(Number(band?.[1]) / (Number(band?.[1]) + Number(band?.[2]))).toBeCloseTo(0.75, 3);
  });

  it('has the name of a range over the plot area, and markers whole at its edge', () => {
    const x = { label: 'x', domain: [0, 1] as const };
    const y = { label: 'y', domain: [0, 1] as const };
    const series = [{ name: '', x: [0, 0.5, 1, 1.1], y: [0, 0.5, 1, 0.5], points: true, line: true }];
    const plain = lineChart({ x, y, series }).svg;
    const named = lineChart({ x, y, series, bands: [{ from: 0.5, to: 1, label: 'held out' }] }).svg;
    expect(/<text[^>]* y="(-?[\d.]+)"[^>]*>held out</.exec(named)?.[1]).toBe('-5');
    const clipped = /<svg [^>]*overflow="hidden">(.*?)<\/svg>/.exec(plain)?.[1] ?? '';
    expect(clipped).toContain('<path');
    expect(clipped).not.toContain('translate');
    expect(plain.match(/<path[^>]*transform="translate/g)).toHaveLength(3); // the fourth is beyond the edge
  });

  it('draws a chart without data', () => {
    expect(lineChart({ ...decay, series: [] }).svg).toContain('>time [s]<');
    expect(lineChart({ ...decay, series: [{ name: 'none', x: [], y: [] }] }).svg).not.toContain('NaN');
  });

  it('escapes names', () => {
    const { svg } = lineChart({ ...decay, title: 'a < b & c' });
    expect(svg).toContain('a &lt; b &amp; c');
  });

  it('is the same for the same input', () => {
    expect(lineChart(decay).svg).toBe(lineChart(decay).svg);
  });

  it('refuses series whose x and y differ in length', () => {
    const series = [{ name: 'model', x: [0, 1], y: [1] }];
    expect(() => lineChart({ ...decay, series })).toThrow(ShapeError);
    expect(() => lineChart({ ...decay, series })).toThrow(
      'lineChart: series “model” has 2 x values and 1 y values; expected one y for each x.',
    );
  });
});

describe('phasePortrait', () => {
  const plane = { x: { label: 'x', domain: [-1, 1] as const }, y: { label: 'y', domain: [-1, 1] as const } };
  const arrows = (svg: string): number[][] =>
    [...pathOf(svg, '#8a949e').matchAll(/M([-\d.]+),([-\d.]+)L([-\d.]+),([-\d.]+)/g)].map((m) =>
      m.slice(1).map(Number),
    );

  it('draws arrows that point as the field does, upwards for a growing y', () => {
    const field = { x: [0, 0, 0.5], y: [0, 0.5, 0], u: [1, 0, 0], v: [0, 1, 0] };
    const [right, up, ...rest] = arrows(phasePortrait({ ...plane, field }).svg);
    expect(rest).toEqual([]); // where the field vanishes there is no arrow
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = right ?? [];
    expect([x1 > x0, y1]).toEqual([true, y0]);
    const [a0 = 0, b0 = 0, a1 = 0, b1 = 0] = up ?? [];
    expect([a1, b1 < b0]).toEqual([a0, true]);
  });

  it('asks a function on a grid over the picture, in values of the axes', () => {
    const asked: [number, number][] = [];
    const { svg } = phasePortrait({ ...plane, arrows: 10, field: (x, y) => (asked.push([x, y]), [1, 0]) });
    expect(asked.every(([x, y]) => Math.abs(x) < 1 && Math.abs(y) < 1)).toBe(true);
    expect(new Set(asked.map(([x]) => x)).size).toBe(10);
    expect(arrows(svg)).toHaveLength(asked.length);
  });

  it('leaves out vectors that are not finite', () => {
    const { svg } = phasePortrait({ ...plane, field: (x) => [x > 0 ? NaN : 1, 0] });
    expect(svg).not.toContain('NaN');
    expect(arrows(svg).length).toBeGreaterThan(10);
  });

  it('draws trajectories as lines and observations as markers', () => {
    const { svg } = phasePortrait({
      ...plane,
      trajectories: [{ name: 'orbit', x: [0, 1], y: [0, 1] }],
      points: [{ name: 'seen', x: [0.5], y: [0.5] }],
    });
    expect(pathOf(svg, colours[0])).toMatch(/^M.*L/);
    expect(svg).toContain(`<g fill="${colours[1]}"`);
    expect(pathOf(svg, colours[1])).toBe('');
  });

  it('refuses a field whose parts differ in length', () => {
    const field = { x: [0], y: [0], u: [1, 2], v: [0] };
    expect(() => phasePortrait({ ...plane, field })).toThrow(
      "phasePortrait: the field's x, y, u and v have 1, 1, 2, 1 values; expected as many of each.",
    );
  });
});

describe('grid', () => {
  const chart = (width: number, height: number) => lineChart({ ...decay, width, height });

  it('is as wide and high as its columns and rows', () => {
    const figures = [chart(300, 200), chart(400, 250), chart(500, 300)];
    const two = grid(figures, { columns: 2, gap: 10 });
    expect([two.width, two.height]).toEqual([500 + 10 + 400, 250 + 10 + 300]);
    expect(two.svg.match(/<svg xmlns/g)).toHaveLength(4);
    expect(two.svg).toContain('translate(510,0)');
    expect(two.svg).toContain('translate(0,260)');
  });

  it('has room for a title', () => {
    const plain = grid([chart(300, 200)]);
    const titled = grid([chart(300, 200)], { title: 'All of it' });
    expect(titled.height).toBeGreaterThan(plain.height);
    expect(titled.svg).toContain('>All of it<');
  });

  it('refuses nothing, and no columns', () => {
    expect(() => grid([])).toThrow(OptionError);
    expect(() => grid([chart(300, 200)], { columns: 0 })).toThrow('grid: 1 figures in 0 columns');
  });
});
