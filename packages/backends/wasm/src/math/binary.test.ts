import { foldScalar } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { powReference } from '../../test/math-reference.ts';
import {
  capacity,
  compileLoop,
  floats,
  patterns,
  unitsOff,
  Worst,
  type BinaryName,
  type Floats,
} from '../../test/vector-functions.ts';
import type { FloatLanes } from './index.ts';

/** The largest errors in units of the last place, as the README has them. */
const bounds: Readonly<Record<BinaryName, Readonly<Record<FloatLanes, number>>>> = {
  pow: { f32x4: 0.51, f64x2: 24 },
  atan2: { f32x4: 0.51, f64x2: 2.5 },
  rem: { f32x4: 0, f64x2: 0 },
};

/** What doubles to compare with may be off: JavaScript's `**` by more than the other functions. */
const ofReference = { f32x4: 0, f64x2: 2 } as const;

const eachFunction = (['f32x4', 'f64x2'] as const).flatMap((lanes) =>
  (['pow', 'atan2', 'rem'] as const).map((name) => [name, lanes] as const),
);

const special = [
  0,
  1,
  2,
  3,
  4,
  0.5,
  1.5,
  2.5,
  1 / 3,
  1 + 2 ** -23,
  1 - 2 ** -24,
  1 + 2 ** -52,
  1 - 2 ** -53,
  7,
  100,
  101,
  Math.PI,
  1e10,
  2 ** 23 - 1,
  2 ** 24 - 1,
  2 ** 24,
  2 ** 52 - 1,
  2 ** 53 - 1,
  2 ** 53,
  1e22,
  3.4028234663852886e38,
  1e300,
  1.5e308,
  Number.MAX_VALUE,
  2 ** -24,
  2 ** -126,
  2 ** -127,
  2 ** -149,
  1e-300,
  2 ** -1022,
  1e-310,
  2 ** -1074,
  Infinity,
  NaN,
].flatMap((x) => [x, -x]);

/** All pairs of special values, filled up with zeros. */
function specialPairs(lanes: FloatLanes): readonly [Floats, Floats] {
  const [x, y] = [floats(lanes, capacity), floats(lanes, capacity)];
  special.forEach((a, i) => {
    special.forEach((b, j) => {
      x[i * special.length + j] = a;
      y[i * special.length + j] = b;
    });
  });
  return [x, y];
}

/** Pairs where neither result nor quotient is extreme: signs, sizes up to `size`, and ratios vary apart. */
function ordinaryPairs(lanes: FloatLanes, size: number): readonly [Floats, Floats] {
  const fraction = (k: number): number => 2 * (k - Math.floor(k)) - 1;
  const [x, y] = [floats(lanes, capacity), floats(lanes, capacity)];
  for (let i = 0; i < capacity; i++) {
    x[i] = size * fraction(i * 0.6180339887498949) ** 3;
    y[i] = size * fraction(i * 0.7548776662466927) ** 3;
  }
  return [x, y];
}

describe.each(eachFunction)('%s in %s', (name, lanes) => {
  const apply = compileLoop(name, lanes);
  const worstOf = (x: Floats, y: Floats): Worst => {
    const worst = new Worst();
    apply(x, y).forEach((z, i) => worst.add(lanes, z, foldScalar(name, [x[i]!, y[i]!], 'f64')!, x[i]!, y[i]!));
    return worst;
  };
  const bound = bounds[name][lanes] === 0 ? 0 : bounds[name][lanes] + ofReference[lanes];

  it('is within its bound for all pairs of special values', () => {
    const worst = worstOf(...specialPairs(lanes));
    expect(worst.units, worst.at).toBeLessThanOrEqual(bound);
  });

  it('has the special values themselves exactly', () => {
    const [x, y] = specialPairs(lanes);
    const wrong: string[] = [];
    apply(x, y).forEach((result, i) => {
      const exact = foldScalar(name, [x[i]!, y[i]!], 'f64')!;
      const isSpecial = exact === 0 || !Number.isFinite(exact);
      if (isSpecial && !Object.is(result, exact)) wrong.push(`${name}(${x[i]}, ${y[i]}) = ${result}, not ${exact}`);
    });
    expect(wrong).toEqual([]);
  });

  it('is within its bound for numbers of every size', () => {
    for (const block of patterns(lanes, { stride: 65521, count: 2 * capacity })) {
      // Neighbours in the sequence, and partners far away.
      for (const distance of [1, 4099]) {
        const y = floats(lanes, capacity).map((_, i) => block[(i * 5 + distance) % capacity]!) as Floats;
        const worst = worstOf(block, y);
        expect(worst.units, worst.at).toBeLessThanOrEqual(bound);
      }
    }
  });

  it('is within its bound for numbers of ordinary size', () => {
    for (const size of [2, 30, 1000]) {
      const worst = worstOf(...ordinaryPairs(lanes, size));
      expect(worst.units, worst.at).toBeLessThanOrEqual(bound);
    }
  });

  it('computes the same in a function as in a loop', () => {
    const [x, y] = ordinaryPairs(lanes, 50).map((values) => values.slice(0, 4096)) as [Floats, Floats];
    const inLoop = apply(x, y).slice();
    expect(compileLoop(name, lanes, 'called')(x, y)).toEqual(inLoop);
  });

  it('gives no lane what another one has', () => {
    const pairs = [
      [3, 2],
      [NaN, 1],
      [1, NaN],
      [Infinity, 2],
      [1e30, 1e-30],
      [-5, 0],
      [-0, -3],
      [1e-40, 3e38],
    ] as const;
    const alone = pairs.map(([a, b]) => apply(floats(lanes, [a, a, a, a]), floats(lanes, [b, b, b, b]))[0]!);
    pairs.forEach(([a, b], i) => {
      pairs.forEach(([c, d], j) => {
        const results = apply(floats(lanes, [a, c, a, c]), floats(lanes, [b, d, b, d]));
        expect(Array.from(results)).toEqual([alone[i], alone[j], alone[i], alone[j]]);
      });
    });
  });
});

describe('pow in f64x2', () => {
  it('agrees with mpmath near 1, near overflow, near underflow and below', () => {
    const pad = powReference.length % 2;
    const x = floats('f64x2', [...powReference.map(([base]) => base), ...Array<number>(pad).fill(1)]);
    const y = floats('f64x2', [...powReference.map(([, exponent]) => exponent), ...Array<number>(pad).fill(1)]);
    const results = compileLoop('pow', 'f64x2')(x, y);
    powReference.forEach(([base, exponent, exact], i) => {
      // Half a unit, because the reference is a double too.
      expect(unitsOff('f64x2', results[i]!, exact), `${base}^${exponent}`).toBeLessThanOrEqual(bounds.pow.f64x2 + 0.5);
    });
  });

  it('is exact where powers of integers are', () => {
    const x = floats('f64x2', [2, -2, 3, -3, 10, -10, 7, 5]);
    const y = floats('f64x2', [1023, 1023, 33, 33, 22, 21, 18, 22]);
    const exact = Array.from(x, (base, i) => Number(BigInt(base) ** BigInt(y[i]!)));
    const results = compileLoop('pow', 'f64x2')(x, y);
    exact.forEach((value, i) => expect(unitsOff('f64x2', results[i]!, value)).toBeLessThanOrEqual(1));
  });
});

describe.each(['f32x4', 'f64x2'] as const)('rem in %s', (lanes) => {
  it('is exact across all exponents, for quotients of every length', () => {
    const range = lanes === 'f32x4' ? ([-149, 127] as const) : ([-1074, 1023] as const);
    const [x, y] = [floats(lanes, capacity), floats(lanes, capacity)];
    let i = 0;
    for (let a = range[0]; a <= range[1]; a += 17) {
      for (let b = range[0]; b <= a && i < capacity; b += 13) {
        x[i] = 1.9 * 2 ** a;
        y[i++] = -1.3 * 2 ** b;
      }
    }
    const results = compileLoop('rem', lanes)(x, y);
    const wrong = Array.from(x.subarray(0, i).keys()).filter((k) => !Object.is(results[k], x[k]! % y[k]!));
    expect(wrong.map((k) => `${x[k]} % ${y[k]} = ${results[k]}`)).toEqual([]);
  });

  it('is zero with the sign of the dividend for multiples', () => {
    const results = compileLoop('rem', lanes)(floats(lanes, [6, -6, 0, -0]), floats(lanes, [3, 3, -5, -5]));
    expect(Array.from(results)).toEqual([0, -0, 0, -0]);
  });
});

describe('rem in f64x2', () => {
  it('does not overflow where the quotient of the largest number is rounded up', () => {
    // Three times this is half a unit above the largest number: their quotient is 3 − 3·2⁻⁵⁴, and rounds to 3.
    const third = Number(((2n ** 54n - 1n) / 3n) * 2n ** 970n);
    const x = floats('f64x2', [Number.MAX_VALUE, -Number.MAX_VALUE]);
    const results = compileLoop('rem', 'f64x2')(x, floats('f64x2', [third, third]));
    expect(Array.from(results)).toEqual(Array.from(x, (value) => value % third));
  });
});
