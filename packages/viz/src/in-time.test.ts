import { OptionError, ShapeError } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { cells, densityEvolution, featureEvolution, flowAt } from './index.ts';

const axes = { x: { label: 'h₁' }, y: { label: 'h₂' } };
const times = [0, 1, 2, 3];
/** Two particles that move with speed 1 and −1. */
const particles = [{ name: 'pair', x: times.map((t) => [t, -t]), y: times.map(() => [0, 1]) }];
const titles = (svg: string): string[] => [...svg.matchAll(/>(t = [^<]*)</g)].map((match) => match[1] ?? '');

describe('featureEvolution', () => {
  it('has a panel for some times, the first and the last among them, over one range', () => {
    const { svg } = featureEvolution({ ...axes, times, particles, panels: 2, title: 'Features' });
    expect(titles(svg)).toEqual(['t = 0', 't = 3']);
    expect(titles(featureEvolution({ ...axes, times, particles, panels: 9 }).svg)).toHaveLength(4);
    const panels = svg.split('t = 3');
    const ticks = (part = ''): string[] => [...part.matchAll(/>([−\d.]+)</g)].map((match) => match[1] ?? '');
    expect(ticks(panels[1])).toEqual(ticks(panels[0]));
    expect(ticks(panels[1])).toContain('2');
  });

  it('refuses what does not fit together', () => {
    expect(() => featureEvolution({ ...axes, times: [0, 1], particles })).toThrow(ShapeError);
    expect(() => featureEvolution({ ...axes, times, particles, panels: 0 })).toThrow(OptionError);
    const log = { ...axes, x: { label: 'h', scale: 'log' } } as const;
    expect(() => featureEvolution({ ...log, times, particles })).toThrow('a logarithmic axis');
  });
});

describe('densityEvolution', () => {
  const square = cells({ x: [-1, 1], y: [-1, 1], columns: 2 });
  const values = times.map((t) => [t, 0, 0, 1]);

  it('has one scale of colours, said once in a row, and panels of one height', () => {
    const { svg } = densityEvolution({ ...axes, cells: square, times, values, panels: 4 });
    expect(titles(svg)).toHaveLength(4);
    expect(svg.match(/>density</g)).toHaveLength(1);
    const heights = new Set([...svg.matchAll(/viewBox="0 0 \d+ (\d+)"/g)].map((match) => match[1]));
    expect(heights.size).toBe(1);
    expect(
      densityEvolution({ ...axes, cells: square, times, values, columns: 2 }).svg.match(/>density</g),
    ).toHaveLength(2);
  });

  it('refuses densities that are not one for each time', () => {
    expect(() => densityEvolution({ ...axes, cells: square, times, values: [[1, 2, 3, 4]] })).toThrow(
      'densityEvolution: 1 densities at 4 times',
    );
    expect(() => densityEvolution({ ...axes, cells: square, times, values: times.map(() => [1]) })).toThrow(ShapeError);
  });
});

describe('flowAt', () => {
  const fixed = {
    width: 400,
    height: 300,
    x: { label: 'x', domain: [-3, 3] },
    y: { label: 'y', domain: [0, 1] },
  } as const;
  /** Abscissae of the dots and of the ends of each tail, in units of the axis. */
  function drawn(time: number, options = {}): { dots: number[]; tails: number[][] } {
    const { svg } = flowAt({ ...fixed, particles, times, time, ...options });
    const width = Number(/M0,0V[\d.]+H([\d.]+)/.exec(svg)?.[1]);
    const abscissa = (pixel = ''): number => (Number(pixel) / width) * 6 - 3;
    const dots = [...svg.matchAll(/M([\d.]+),[\d.]+h0/g)].map((match) => abscissa(match[1]));
    const path = /<g opacity="0.4"><path d="([^"]*)"/.exec(svg)?.[1] ?? '';
    const tails = path
      .split('M')
      .slice(1)
      .map((part) => part.split('L').map((pair) => abscissa(pair.split(',')[0])));
    return { dots, tails };
  }

  it('has particles where they are at that time, on lines between the times that are known', () => {
    for (const time of [0, 0.5, 1, 2.25, 3]) {
      const { dots, tails } = drawn(time);
      expect(dots[0]).toBeCloseTo(time, 1);
      expect(dots[1]).toBeCloseTo(-time, 1);
      expect(tails).toEqual([]);
    }
  });

  it('has tails that begin where the particles were', () => {
    const { tails } = drawn(2.5, { trail: 1 });
    expect(tails.map((tail) => tail.length)).toEqual([3, 3]);
    [1.5, 2, 2.5].forEach((x, i) => expect(tails[0]?.[i]).toBeCloseTo(x, 1));
    expect(drawn(0.5, { trail: 9 }).tails[0]?.[0]).toBeCloseTo(0, 1);
  });

  it('goes backwards in time too', () => {
    const back = { times: [3, 2, 1, 0], trail: 1 };
    const { dots, tails } = drawn(0.5, back);
    expect(dots[0]).toBeCloseTo(2.5, 1);
    [1.5, 2, 2.5].forEach((x, i) => expect(tails[0]?.[i]).toBeCloseTo(x, 1));
  });

  it('keeps one range for all times, and shows what moves the particles', () => {
    const at = (time: number) => flowAt({ ...axes, particles, times, time, field: () => [1, 0] });
    const ticks = (svg: string): string[] => [...svg.matchAll(/>([−\d.]+)</g)].map((match) => match[1] ?? '');
    expect(ticks(at(0).svg)).toEqual(ticks(at(3).svg));
    expect(at(0).svg).toContain('stroke="#8a949e"');
  });

  it('refuses moments outside of the flow', () => {
    expect(() => flowAt({ ...axes, particles, times, time: 3.1 })).toThrow(
      'flowAt: time 3.1; expected a time from 0 to 3.',
    );
    expect(() => flowAt({ ...axes, particles, times, time: NaN })).toThrow(OptionError);
    expect(() => flowAt({ ...axes, particles, times, time: 1, trail: -1 })).toThrow(OptionError);
    expect(() => flowAt({ ...axes, particles, times: [0], time: 0 })).toThrow(ShapeError);
  });
});
