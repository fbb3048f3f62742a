import { describe, expect, it } from 'vitest';
import { extentAt, fitExtent, formatExtent, planSizes, type Sizes } from './extents.ts';

const one = planSizes({ batch: [11, 13, 17] });
const two = planSizes({ batch: [11, 13, 17], time: [5, 7, 19] });
const fit = (plan: typeof one, f: (sizes: Sizes) => number): string | undefined => {
  const extent = fitExtent(plan, plan.points.map(f));
  return extent && formatExtent(extent);
};
const of = (sizes: Sizes, name: string): number => sizes[name] ?? NaN;

describe('sizes', () => {
  it('are traced at two for each name, both together, and a third', () => {
    expect(one.points).toEqual([{ batch: 11 }, { batch: 13 }, { batch: 17 }]);
    expect(two.points).toEqual([
      { batch: 11, time: 5 },
      { batch: 13, time: 5 },
      { batch: 11, time: 7 },
      { batch: 13, time: 7 },
      { batch: 17, time: 19 },
    ]);
    expect(planSizes({}).points).toEqual([{}]);
  });
});

describe('an extent', () => {
  it.each<readonly [string, (sizes: Sizes) => number]>([
    ['7', () => 7],
    ['0', () => 0],
    ['batch', (s) => of(s, 'batch')],
    ['3*batch', (s) => 3 * of(s, 'batch')],
    ['batch + 1', (s) => of(s, 'batch') + 1],
    ['-2*batch + 40', (s) => 40 - 2 * of(s, 'batch')],
    ['batch - 1', (s) => of(s, 'batch') - 1],
  ])('%s is found', (expected, f) => {
    expect(fit(one, f)).toBe(expected);
    expect(fit(two, f)).toBe(expected);
  });

  it('of two names, also their product', () => {
    expect(fit(two, (s) => 2 * of(s, 'batch') + of(s, 'time') - 3)).toBe('2*batch + time - 3');
    expect(fit(two, (s) => of(s, 'batch') * of(s, 'time'))).toBe('batch*time');
    expect(fit(two, (s) => (of(s, 'batch') + 1) * (2 * of(s, 'time') - 1))).toBe('2*batch*time - batch + 2*time - 1');
  });

  it.each<readonly [string, (sizes: Sizes) => number]>([
    ['squares', (s) => of(s, 'batch') ** 2],
    ['halves', (s) => Math.floor(of(s, 'batch') / 2)],
    ['even halves', (s) => of(s, 'batch') / 2],
    ['minima', (s) => Math.min(of(s, 'batch'), 15)],
  ])('%s are none', (_, f) => {
    expect(fit(one, f)).toBeUndefined();
    expect(fit(two, f)).toBeUndefined();
  });

  it('has its value at other sizes', () => {
    const extent = fitExtent(
      two,
      two.points.map((s) => of(s, 'batch') * of(s, 'time') + 1),
    );
    expect(extent && extentAt(extent, { batch: 2, time: 100 })).toBe(201);
  });
});
