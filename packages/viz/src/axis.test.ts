import { describe, expect, it } from 'vitest';
import { axisTitle, placeAxis } from './axis.ts';

const labels = (values: number[], scale: 'linear' | 'log' = 'linear', count = 5): string[] =>
  placeAxis({ label: 'q', scale }, values, 0, 100, count)
    .ticks.map((tick) => tick.label)
    .filter((label) => label !== '');

describe('axes', () => {
  it('shows the unit in brackets', () => {
    expect(axisTitle({ label: 'time', unit: 's' })).toBe('time [s]');
    expect(axisTitle({ label: 'iteration' })).toBe('iteration');
  });

  it('maps the domain onto the pixels', () => {
    const axis = placeAxis({ label: 'q', domain: [10, 20] }, [], 100, 0, 5);
    expect([axis.place(10), axis.place(15), axis.place(20)]).toEqual([100, 50, 0]);
  });

  it('writes years without a thousands separator', () => {
    expect(labels([1900, 1920])).toEqual(['1900', '1905', '1910', '1915', '1920']);
  });

  it('counts in whole numbers where it is asked to', () => {
    const ticks = (whole: boolean) => placeAxis({ label: 'epoch', whole }, [1, 2, 3], 0, 600, 10).ticks;
    expect(ticks(true).map(({ label }) => label)).toEqual(['1', '2', '3']);
    expect(ticks(false).map(({ label }) => label)).toContain('1.2');
  });

  it('shortens large and very small numbers', () => {
    expect(labels([0, 1e6])).toEqual(['0', '0.2M', '0.4M', '0.6M', '0.8M', '1M']);
    expect(labels([0, 1e-4])).toContain('6e-5');
    expect(labels([-1, 1])).toContain('−0.5');
  });

  it('has two ticks wherever it is short', () => {
    for (const domain of [
      [-4, 4],
      [-3, 3],
      [0.4, 9],
      [-1.2, 1.1],
    ] as const) {
      expect(placeAxis({ label: 'q', domain }, [], 0, 100, 2).ticks.length).toBeGreaterThan(1);
    }
    expect(placeAxis({ label: 'q', domain: [-4, 4] }, [], 0, 100, 2).ticks.map(({ label }) => label)).toContain('−2');
  });

  it('leaves a margin round the data', () => {
    const { domain } = placeAxis({ label: 'q' }, [0, 100], 0, 1, 5);
    expect(domain).toEqual([-4, 104]);
  });

  it('labels powers of ten on a long logarithmic axis, and 1, 2, 5 on a short one', () => {
    expect(labels([1e-6, 1e2], 'log', 10)).toEqual(['10⁻⁶', '10⁻⁵', '10⁻⁴', '0.001', '0.01', '0.1', '1', '10', '100']);
    expect(labels([1e-6, 1e2], 'log', 5)).toEqual(['10⁻⁶', '10⁻⁴', '0.01', '1', '100']);
    expect(labels([0.9, 40], 'log')).toEqual(['1', '2', '5', '10', '20']);
    expect(labels([3e-7, 9e-7], 'log')).toEqual(['5·10⁻⁷']);
  });

  it('places equal ratios at equal distances on a logarithmic axis', () => {
    const axis = placeAxis({ label: 'q', scale: 'log', domain: [1, 100] }, [], 0, 100, 5);
    expect([axis.place(1), axis.place(10), axis.place(100)]).toEqual([0, 50, 100]);
    expect([axis.place(0), axis.place(-3)]).toEqual([NaN, NaN]);
  });

  it('has a range where the data has none', () => {
    const domain = (values: number[], scale: 'linear' | 'log') =>
      placeAxis({ label: 'q', scale }, values, 0, 1, 5).domain;
    expect(domain([], 'linear')).toEqual([0, 1]);
    expect(domain([NaN, Infinity], 'linear')).toEqual([0, 1]);
    expect(domain([5, 5], 'linear')).toEqual([2.5, 7.5]);
    expect(domain([-1, 0], 'log')).toEqual([0.1, 1]);
    expect(domain([8], 'log')).toEqual([4, 16]);
  });
});
