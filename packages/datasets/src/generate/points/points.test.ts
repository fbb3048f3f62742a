import { OptionError, random, type HostArray } from '@node-ode/core';
import { testDataset } from '@node-ode/testkit';
import { describe, expect, it } from 'vitest';
import { checkerboard, eightGaussians, pinwheel, twoCircles, twoMoons } from './densities.ts';
import { crossingMap, shiftedSines, spheres } from './spheres.ts';

const n = 20_000;
const rowsOf = (x: HostArray): number[][] => {
  const width = x.shape[1] ?? 1;
  return Array.from({ length: x.shape[0] ?? 0 }, (_, i) => Array.from(x.data.subarray(i * width, (i + 1) * width)));
};
const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
const deviation = (values: readonly number[]): number => Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)));
/** Five standard errors of a share. */
const isShare = (count: number, total: number, share: number): void =>
  expect(Math.abs(count / total - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / total));

const small = { train: 13, test: 5, seed: 2 } as const;
describe.each([
  ['crossingMap', () => crossingMap({ ...small, noise: 0.01 })],
  ['spheres', () => spheres({ ...small, dimensions: 3 })],
  ['shiftedSines', () => shiftedSines(small)],
  ['twoCircles', () => twoCircles(small)],
  ['twoMoons', () => twoMoons(small)],
  ['pinwheel', () => pinwheel(small)],
  ['eightGaussians', () => eightGaussians(small)],
  ['checkerboard', () => checkerboard(small)],
] as const)('%s', (_name, make) => {
  testDataset<unknown>(make, { splits: ['train', 'test'] });

  it('depends on the seed, and draws fresh samples', () => {
    const data = make();
    const source = random(5);
    expect(data.draw(source, 4)).not.toEqual(data.draw(source, 4));
    expect(data.draw(random(5), 4)).toEqual(data.draw(random(5), 4));
    expect(() => data.draw(source, -1)).toThrow(OptionError);
  });
});

it('seeds differ', () => {
  const first = (seed: number): string => String(twoMoons({ ...small, seed }).all('train').x.data);
  expect(new Set([1, 2, 3].map(first)).size).toBe(3);
  expect(twoMoons({ ...small, dtype: 'f64' }).all('train').x.dtype).toBe('f64');
});

describe('crossingMap', () => {
  it('maps ±1 to ∓1', () => {
    const { x, y } = crossingMap({ train: n }).all('train');
    x.data.forEach((value: number, i: number) => expect(Math.abs(value) === 1 && y.data[i] === -value).toBe(true));
    isShare(x.data.filter((value: number) => value > 0).length, n, 0.5);
    expect(() => crossingMap({ noise: -1 })).toThrow(OptionError);
  });
});

describe('spheres', () => {
  it.each([1, 2, 5])('are a uniform ball and a shell around it in %i dimensions', (dimensions) => {
    const { x, y } = spheres({ train: n, dimensions, dtype: 'f64' }).all('train');
    const points = rowsOf(x);
    const radii = points.map((point) => Math.hypot(...point));
    const inside = radii.filter((_, i) => y.data[i] === -1);
    isShare(inside.length, n, 1 / 3);
    expect(Math.max(...inside)).toBeLessThanOrEqual(0.5 + 1e-12);
    isShare(inside.filter((radius) => radius < 0.25).length, inside.length, 0.5 ** dimensions);
    const outside = radii.filter((_, i) => y.data[i] === 1);
    expect([Math.min(...outside) >= 1 - 1e-12, Math.max(...outside) <= 1.5 + 1e-12]).toEqual([true, true]);
    for (let k = 0; k < dimensions; k++) isShare(points.filter((point) => (point[k] ?? NaN) > 0).length, n, 0.5);
  });

  it('refuses options out of range', () => {
    for (const options of [
      { dimensions: 0 },
      { radii: [1, 0.5, 2] },
      { radii: [0.5, 1, Infinity] },
      { inside: 2 },
      { train: NaN },
    ] as const)
      expect(() => spheres(options)).toThrow(OptionError);
  });
});

describe('shiftedSines', () => {
  it('are two sines', () => {
    const { x, y } = shiftedSines({ train: n, dimensions: 4, noise: 0.1, dtype: 'f64' }).all('train');
    const rest = rowsOf(x).map(([a = NaN, b = NaN], i) => b - Math.sin(Math.PI * a) - 0.7 * (y.data[i] ?? NaN));
    expect(Math.abs(mean(rest))).toBeLessThan((5 * 0.1) / Math.sqrt(n));
    expect(Math.abs(deviation(rest) / 0.1 - 1)).toBeLessThan(5 / Math.sqrt(2 * n));
    expect(x.data.every((_: number, i: number) => i % 4 === 1 || Math.abs(x.data[i] ?? NaN) <= 1)).toBe(true);
  });

  it('are apart on the line for a shift above 2', () => {
    const { x, y } = shiftedSines({ train: 2000, dimensions: 1, shift: 2.5, noise: 0 }).all('train');
    x.data.forEach((value: number, i: number) => expect(Math.sign(value)).toBe(y.data[i]));
    expect(() => shiftedSines({ shift: -1 })).toThrow(OptionError);
  });
});

describe('densities', () => {
  it('twoCircles has radii 3 and 1.5', () => {
    const { x, label } = twoCircles({ train: n, noise: 0, dtype: 'f64' }).all('train');
    rowsOf(x).forEach((point, i) => expect(Math.hypot(...point)).toBeCloseTo(label.data[i] === 0 ? 3 : 1.5, 12));
    isShare(label.data.filter((one: number) => one === 0).length, n, 0.5);
    const noisy = twoCircles({ train: n, dtype: 'f64' }).all('train');
    const far = rowsOf(noisy.x).filter((_, i) => noisy.label.data[i] === 0);
    // E r² = 9 + 2·0.24²; Var r² = 4·9·0.24² + 4·0.24⁴
    expect(Math.abs(mean(far.map((point) => Math.hypot(...point) ** 2)) - 9 - 2 * 0.24 ** 2)).toBeLessThan(
      5 * Math.sqrt((36 * 0.24 ** 2 + 4 * 0.24 ** 4) / far.length),
    );
  });

  it('twoMoons are half circles of radius 2', () => {
    const { x, label } = twoMoons({ train: n, noise: 0, dtype: 'f64' }).all('train');
    rowsOf(x).forEach(([a = NaN, b = NaN], i) => {
      const [cx, cy, side] = label.data[i] === 0 ? [-1, -0.2, 1] : [1, 0.8, -1];
      expect(Math.hypot(a - cx, b - cy)).toBeCloseTo(2, 12);
      expect(side * (b - cy)).toBeGreaterThanOrEqual(0);
    });
  });

  it('pinwheel turns arms by a fifth', () => {
    const { x, label } = pinwheel({ train: n, rate: 0, dtype: 'f64' }).all('train');
    const counts = Array.from({ length: 5 }, (_, arm) => label.data.filter((one: number) => one === arm).length);
    counts.forEach((count) => isShare(count, n, 0.2));
    const arms = rowsOf(x).map(([a = NaN, b = NaN], i) => {
      const angle = (2 * Math.PI * (label.data[i] ?? NaN)) / 5;
      return [a * Math.cos(angle) - b * Math.sin(angle), a * Math.sin(angle) + b * Math.cos(angle)] as const;
    });
    for (const [k, centre, std] of [
      [0, 2, 0.6],
      [1, 0, 0.2],
    ] as const) {
      const values = arms.map((point) => point[k] ?? NaN);
      expect(Math.abs(mean(values) - centre)).toBeLessThan((5 * std) / Math.sqrt(n));
      expect(Math.abs(deviation(values) / std - 1)).toBeLessThan(5 / Math.sqrt(2 * n));
    }
    // bending turns each point by rate·eʳ
    const straight = pinwheel({ train: 50, rate: 0, dtype: 'f64' }).all('train');
    const bent = pinwheel({ train: 50, rate: 0.25, dtype: 'f64' }).all('train');
    rowsOf(bent.x).forEach(([a = NaN, b = NaN], i) => {
      const [p = NaN, q = NaN] = rowsOf(straight.x)[i] ?? [];
      expect(Math.hypot(a, b)).toBeCloseTo(Math.hypot(p, q), 12);
    });
    expect(() => pinwheel({ arms: 0 })).toThrow(OptionError);
    expect(() => pinwheel({ rate: NaN })).toThrow(OptionError);
  });

  it('eightGaussians are around their centres', () => {
    const { x, label } = eightGaussians({ train: n, dtype: 'f64' }).all('train');
    const points = rowsOf(x);
    for (let k = 0; k < 8; k++) {
      const own = points.filter((_, i) => label.data[i] === k);
      isShare(own.length, n, 1 / 8);
      const std = 0.5 / Math.SQRT2;
      const centre = [Math.cos, Math.sin].map((f) => (4 / Math.SQRT2) * f((k * Math.PI) / 4));
      centre.forEach((value, axis) => {
        const values = own.map((point) => point[axis] ?? NaN);
        expect(Math.abs(mean(values) - value)).toBeLessThan((5 * std) / Math.sqrt(own.length));
        expect(Math.abs(deviation(values) / std - 1)).toBeLessThan(5 / Math.sqrt(2 * own.length));
      });
    }
  });

  it('checkerboard is uniform on black squares', () => {
    const { x, label } = checkerboard({ train: n, dtype: 'f64' }).all('train');
    const squares = new Map<string, number>();
    rowsOf(x).forEach(([a = NaN, b = NaN], i) => {
      const [column, row] = [Math.floor(a / 2), Math.floor(b / 2)];
      expect(Math.abs(column + row) % 2).toBe(0);
      expect(Math.max(Math.abs(a), Math.abs(b))).toBeLessThanOrEqual(4);
      const key = `${label.data[i] ?? ''}: ${column}, ${row}`;
      squares.set(key, (squares.get(key) ?? 0) + 1);
    });
    expect(squares.size).toBe(8);
    for (const count of squares.values()) isShare(count, n, 1 / 8);
  });
});
