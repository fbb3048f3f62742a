import { OptionError, random, ShapeError, type HostArray, type Shape } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { full, normal, ones, uniform, zeros, type Initializer } from './initializer.ts';
import { orthogonal } from './orthogonal.ts';
import {
  fans,
  kaimingNormal,
  kaimingUniform,
  lecunNormal,
  torchUniform,
  varianceScaling,
  xavierNormal,
  xavierUniform,
} from './variance-scaling.ts';

const moments = ({ data }: HostArray) => {
  const values = Array.from(data);
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  const fourth = values.reduce((sum, x) => sum + (x - mean) ** 4, 0) / values.length;
  return { mean, variance, kurtosis: fourth / variance ** 2, low: Math.min(...values), high: Math.max(...values) };
};

/** Element by element; `toEqual` is slow on 60,000 of them. */
const same = (a: HostArray, b: HostArray): boolean =>
  a.data.length === b.data.length && a.data.every((x, i) => x === b.data[i]);

const shape: Shape = [300, 200];
const [fanIn, fanOut] = [300, 200];

// [initialiser, standard deviation, bound of a uniform one or undefined for a normal one]
const random2d: readonly (readonly [string, Initializer, number, number | undefined])[] = [
  ['uniform', uniform({ low: -0.5, high: 0.5 }), 0.5 / Math.sqrt(3), 0.5],
  ['normal', normal({ std: 0.3 }), 0.3, undefined],
  ['xavierUniform', xavierUniform(), Math.sqrt(2 / 500), Math.sqrt(6 / 500)],
  [
    'xavierUniform, gain 5/3',
    xavierUniform({ gain: 5 / 3 }),
    (5 / 3) * Math.sqrt(2 / 500),
    (5 / 3) * Math.sqrt(6 / 500),
  ],
  ['xavierNormal', xavierNormal(), Math.sqrt(2 / 500), undefined],
  ['kaimingUniform', kaimingUniform(), Math.sqrt(2 / fanIn), Math.sqrt(6 / fanIn)],
  ['kaimingUniform, fan out', kaimingUniform({ mode: 'fanOut' }), Math.sqrt(2 / fanOut), Math.sqrt(6 / fanOut)],
  ['kaimingNormal', kaimingNormal(), Math.sqrt(2 / fanIn), undefined],
  ['kaimingNormal, slope 1', kaimingNormal({ negativeSlope: 1 }), Math.sqrt(1 / fanIn), undefined],
  ['lecunNormal', lecunNormal(), Math.sqrt(1 / fanIn), undefined],
  ['torchUniform', torchUniform(), 1 / Math.sqrt(3 * fanIn), 1 / Math.sqrt(fanIn)],
  [
    'kaimingUniform, slope √5',
    kaimingUniform({ negativeSlope: Math.sqrt(5) }),
    1 / Math.sqrt(3 * fanIn),
    1 / Math.sqrt(fanIn),
  ],
];

describe.each(random2d)('%s', (_, initializer, std, bound) => {
  const n = fanIn * fanOut;
  const sample = initializer(random(7), shape, 'f64');
  const { mean, variance, kurtosis, low, high } = moments(sample);

  it('has its mean, variance and shape', () => {
    expect([sample.shape, sample.dtype]).toEqual([shape, 'f64']);
    // Four standard errors: of the mean σ/√n, of the variance σ²·√((κ − 1)/n), κ = 3 (normal) or 9/5 (uniform).
    const spread = bound === undefined ? 2 : 4 / 5;
    expect(Math.abs(mean)).toBeLessThan((4 * std) / Math.sqrt(n));
    expect(Math.abs(variance / std ** 2 - 1)).toBeLessThan(4 * Math.sqrt(spread / n));
  });

  it('has its distribution', () => {
    expect(kurtosis).toBeCloseTo(bound === undefined ? 3 : 9 / 5, 1);
    if (bound === undefined) expect(high / std).toBeGreaterThan(3.5);
    else {
      expect([low >= -bound, high <= bound]).toEqual([true, true]);
      expect(high - low).toBeGreaterThan(2 * bound * (1 - 20 / n));
    }
  });

  it('gives the same numbers from the same seed, others from another, and moves the generator on', () => {
    const source = random(7);
    const again = initializer(source, shape, 'f64');
    expect(same(again, sample)).toBe(true);
    expect(initializer(source, [2, 2], 'f64').data).not.toEqual(initializer(random(7), [2, 2], 'f64').data);
    expect(same(initializer(random(8), shape, 'f64'), sample)).toBe(false);
  });

  it('is f32 by default: the same numbers, rounded', () => {
    const rounded = initializer(random(7), shape);
    expect(rounded.dtype).toBe('f32');
    expect(same(rounded, { ...sample, data: Float32Array.from(sample.data) })).toBe(true);
  });
});

describe('constants', () => {
  it('fill any shape', () => {
    expect(zeros()(random(0), [2, 3]).data).toEqual(new Float32Array(6));
    expect(ones()(random(0), [4], 'f64').data).toEqual(Float64Array.of(1, 1, 1, 1));
    expect(full(-2.5)(random(0), []).data).toEqual(Float32Array.of(-2.5));
    expect(zeros()(random(0), [0, 3]).shape).toEqual([0, 3]);
  });
});

describe('orthogonal', () => {
  const gram = ({ data, shape: [rows = 0, columns = 0] }: HostArray, byRows: boolean): number[] => {
    const [count, length] = byRows ? [rows, columns] : [columns, rows];
    const at = (vector: number, i: number): number => data[byRows ? vector * columns + i : i * columns + vector]!;
    return Array.from({ length: count * count }, (_, k) => {
      const [a, b] = [Math.floor(k / count), k % count];
      return Array.from({ length }, (_, i) => at(a, i) * at(b, i)).reduce((sum, x) => sum + x, 0);
    });
  };
  const identityOf = (n: number, scale = 1): number[] =>
    Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? scale : 0));

  it.each([
    [[30, 20], false, 20],
    [[20, 30], true, 20],
    [[25, 25], true, 25],
    [[25, 25], false, 25],
  ] as const)('of shape %j has orthonormal columns or rows', (shape, byRows, n) => {
    const products = gram(orthogonal()(random(3), shape, 'f64'), byRows);
    products.forEach((x, i) => expect(Math.abs(x - identityOf(n)[i]!)).toBeLessThan(1e-13));
  });

  it('scales by the gain, and makes the filters of a kernel orthonormal', () => {
    const weight = orthogonal({ gain: 3 })(random(3), [5, 4, 3], 'f64');
    expect(weight.shape).toEqual([5, 4, 3]);
    const products = gram({ ...weight, shape: [5, 12] }, true);
    products.forEach((x, i) => expect(Math.abs(x - identityOf(5, 9)[i]!)).toBeLessThan(1e-12));
  });

  it('favours no direction: over many 2×2 matrices rotations and reflections, angles uniform', () => {
    const source = random(11);
    const draws = Array.from({ length: 4000 }, () => orthogonal()(source, [2, 2], 'f64').data as Float64Array);
    const determinants = draws.map(([a = 0, b = 0, c = 0, d = 0]) => a * d - b * c);
    // 4000 fair coins: standard deviation of the mean 1/√4000 = 0.016.
    expect(Math.abs(determinants.reduce((sum, x) => sum + x, 0) / 4000)).toBeLessThan(0.064);
    const angles = draws.map(([a = 0, , c = 0]) => (Math.atan2(c, a) / (2 * Math.PI) + 1) % 1);
    const counts = [0, 0, 0, 0, 0, 0, 0, 0];
    for (const angle of angles) counts[Math.floor(angle * 8)]! += 1;
    // χ² with 7 degrees of freedom exceeds 24.3 once in 1000; the seed is fixed.
    expect(counts.reduce((sum, n) => sum + (n - 500) ** 2 / 500, 0)).toBeLessThan(24.3);
  });

  it('is reproducible', () => {
    expect(orthogonal()(random(5), [4, 4])).toEqual(orthogonal()(random(5), [4, 4]));
    expect(orthogonal()(random(5), [4, 4])).not.toEqual(orthogonal()(random(6), [4, 4]));
  });
});

describe('fans', () => {
  it('counts inputs and outputs, receptive field included', () => {
    expect(fans([2, 50])).toEqual({ fanIn: 2, fanOut: 50 });
    expect(fans([32, 16, 3, 3])).toEqual({ fanIn: 144, fanOut: 288 });
    expect(fans([32, 1, 3, 3])).toEqual({ fanIn: 9, fanOut: 288 }); // depthwise
  });

  it('refuses vectors and empty axes', () => {
    expect(() => lecunNormal()(random(0), [3])).toThrow(ShapeError);
    expect(() => lecunNormal()(random(0), [3])).toThrow('fans: a weight of shape [3]; expected [inputs, outputs]');
    expect(() => orthogonal()(random(0), [])).toThrow(ShapeError);
    expect(() => xavierUniform()(random(0), [0, 3])).toThrow(ShapeError);
  });
});

describe('options', () => {
  it('are checked', () => {
    expect(() => uniform({ low: 1, high: 0 })).toThrow('uniform: low 1 and high 0; expected low ≤ high.');
    expect(() => uniform({ low: -Infinity })).toThrow(OptionError);
    expect(() => normal({ std: -1 })).toThrow('normal: std is -1; expected a finite number that is not negative.');
    expect(() => full(NaN)).toThrow('full: value is NaN; expected a finite number.');
    expect(() => varianceScaling({ scale: -1 })).toThrow(OptionError);
    expect(() => varianceScaling({ mode: 'fan' as 'fanIn' })).toThrow("varianceScaling: mode 'fan'");
    expect(() => orthogonal({ gain: Infinity })).toThrow(OptionError);
  });
});
