import { foldScalar } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { unaryReference } from '../../test/math-reference.ts';
import { compileLoop, evenly, floats, patterns, Worst, type UnaryName } from '../../test/vector-functions.ts';
import { unaryFunctions, type FloatLanes } from './index.ts';

const names = Object.keys(unaryFunctions) as UnaryName[];
const bothLanes: readonly FloatLanes[] = ['f32x4', 'f64x2'];
const eachFunction = bothLanes.flatMap((lanes) => names.map((name) => [name, lanes] as const));

/** The largest errors in units of the last place, as the README has them. */
const bounds: Readonly<Record<UnaryName, Readonly<Record<FloatLanes, number>>>> = {
  exp: { f32x4: 1.5, f64x2: 1.5 },
  expm1: { f32x4: 3, f64x2: 3.5 },
  log: { f32x4: 1, f64x2: 1.5 },
  log1p: { f32x4: 2, f64x2: 2 },
  sin: { f32x4: 2.25, f64x2: 2.5 },
  cos: { f32x4: 2.25, f64x2: 2.5 },
  tan: { f32x4: 4.5, f64x2: 4 },
  tanh: { f32x4: 6, f64x2: 5 },
  sigmoid: { f32x4: 2.5, f64x2: 3 },
  softplus: { f32x4: 3, f64x2: 3 },
  erf: { f32x4: 6, f64x2: 6 },
};

/** The function in double precision, off by less than a unit but for sigmoid, softplus and erf: by less than two. */
function inDoubles(name: UnaryName, x: number): number {
  if (name === 'softplus') return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  // The primitive's own meaning, 1/(1 + e^−x), overflows where the result is still a number.
  if (name === 'sigmoid' && x < 0) return Math.exp(x) / (1 + Math.exp(x));
  return foldScalar(name, [x], 'f64')!;
}

/** What doubles to compare with may be off. */
const ofReference = { f32x4: 0, f64x2: 2 } as const;

/** To check every f32 there is: NODE_ODE_MATH_STRIDE=1, for an hour or more. */
const stride = Number(process.env['NODE_ODE_MATH_STRIDE'] ?? 10007);

describe.each(eachFunction)('%s in %s', (name, lanes) => {
  const apply = compileLoop(name, lanes);
  const valueOf = (...x: readonly number[]): readonly number[] =>
    Array.from(apply(floats(lanes, [...x, ...Array<number>(4).fill(0)].slice(0, 4 * Math.ceil(x.length / 4))))).slice(
      0,
      x.length,
    );

  it('is within its bound for numbers of every size', { timeout: 3_600_000 }, () => {
    const worst = new Worst();
    for (const x of patterns(lanes, { stride, count: 200_000 })) {
      apply(x).forEach((y, i) => worst.add(lanes, y, inDoubles(name, x[i]!), x[i]!));
    }
    expect(worst.units, worst.at).toBeLessThanOrEqual(bounds[name][lanes] + ofReference[lanes]);
  });

  it('is within its bound for numbers of ordinary size', () => {
    const worst = new Worst();
    for (const size of [0.7, 9, 110]) {
      const x = evenly(lanes, name === 'log' ? 0 : -size, size);
      apply(x).forEach((y, i) => worst.add(lanes, y, inDoubles(name, x[i]!), x[i]!));
    }
    expect(worst.units, worst.at).toBeLessThanOrEqual(bounds[name][lanes] + ofReference[lanes]);
  });

  it('computes the same in a function as in a loop', () => {
    const x = evenly(lanes, -20, 20, 4096);
    const inLoop = apply(x).slice();
    expect(compileLoop(name, lanes, 'called')(x)).toEqual(inLoop);
  });

  it('passes NaN on, and gives no lane what another one has', () => {
    const others = [NaN, Infinity, -Infinity, 0, -0, 1e-40, -1, 3.4e38, 1e300, -1e22, 88.8, -104.1].map(
      (x) => floats(lanes, [x])[0]!,
    );
    expect(valueOf(NaN)).toEqual([NaN]);
    for (const a of others) {
      for (const b of others)
        expect(valueOf(a, b, a, b)).toEqual([...valueOf(a), ...valueOf(b), ...valueOf(a), ...valueOf(b)]);
    }
  });
});

describe.each(names)('%s in f64x2', (name) => {
  it('agrees with mpmath where that is hard', () => {
    const reference = unaryReference[name]!;
    const apply = compileLoop(name, 'f64x2');
    const x = floats('f64x2', [...reference.map(([at]) => at), 0]);
    const worst = new Worst();
    const results = apply(x);
    reference.forEach(([at, exact], i) => worst.add('f64x2', results[i]!, exact, at));
    // Half a unit, because the reference is a double too.
    expect(worst.units, worst.at).toBeLessThanOrEqual(bounds[name].f64x2 + 0.5);
  });
});

const least = { f32x4: 2 ** -149, f64x2: 2 ** -1074 } as const;
const most = { f32x4: (2 - 2 ** -23) * 2 ** 127, f64x2: Number.MAX_VALUE } as const;

describe.each(bothLanes)('special values in %s', (lanes) => {
  const tiny = least[lanes];
  const huge = most[lanes];
  const exactValues: readonly (readonly [UnaryName, readonly (readonly [x: number, y: number])[]])[] = [
    [
      'exp',
      [
        [0, 1],
        [-0, 1],
        [Infinity, Infinity],
        [-Infinity, 0],
        [huge, Infinity],
        [-huge, 0],
        [tiny, 1],
      ],
    ],
    [
      'expm1',
      [
        [0, 0],
        [-0, -0],
        [Infinity, Infinity],
        [-Infinity, -1],
        [huge, Infinity],
        [-huge, -1],
        [tiny, tiny],
        [-tiny, -tiny],
      ],
    ],
    [
      'log',
      [
        [0, -Infinity],
        [-0, -Infinity],
        [1, 0],
        [Infinity, Infinity],
        [-1, NaN],
        [-tiny, NaN],
        [-Infinity, NaN],
        [-huge, NaN],
      ],
    ],
    [
      'log1p',
      [
        [0, 0],
        [-0, -0],
        [-1, -Infinity],
        [-1.5, NaN],
        [Infinity, Infinity],
        [-Infinity, NaN],
        [tiny, tiny],
        [-tiny, -tiny],
      ],
    ],
    [
      'sin',
      [
        [0, 0],
        [-0, -0],
        [Infinity, NaN],
        [-Infinity, NaN],
        [tiny, tiny],
        [-tiny, -tiny],
      ],
    ],
    [
      'cos',
      [
        [0, 1],
        [-0, 1],
        [Infinity, NaN],
        [-Infinity, NaN],
        [tiny, 1],
      ],
    ],
    [
      'tan',
      [
        [0, 0],
        [-0, -0],
        [Infinity, NaN],
        [-Infinity, NaN],
        [tiny, tiny],
        [-tiny, -tiny],
      ],
    ],
    [
      'tanh',
      [
        [0, 0],
        [-0, -0],
        [Infinity, 1],
        [-Infinity, -1],
        [huge, 1],
        [-huge, -1],
        [20, 1],
        [tiny, tiny],
        [-tiny, -tiny],
      ],
    ],
    [
      'sigmoid',
      [
        [0, 0.5],
        [-0, 0.5],
        [Infinity, 1],
        [-Infinity, 0],
        [huge, 1],
        [-huge, 0],
        [tiny, 0.5],
      ],
    ],
    [
      'softplus',
      [
        [Infinity, Infinity],
        [-Infinity, 0],
        [huge, huge],
        [-huge, 0],
        [100, 100],
      ],
    ],
    [
      'erf',
      [
        [0, 0],
        [-0, -0],
        [Infinity, 1],
        [-Infinity, -1],
        [huge, 1],
        [-huge, -1],
        [6, 1],
        [tiny, tiny],
        [-tiny, -tiny],
      ],
    ],
  ];

  it.each(exactValues)('%s', (name, pairs) => {
    const x = floats(lanes, 4 * Math.ceil(pairs.length / 4));
    pairs.forEach(([at], i) => (x[i] = at));
    const results = compileLoop(name, lanes)(x);
    for (const [i, [at, y]] of pairs.entries()) expect(results[i], `${name}(${at})`).toBe(y);
  });

  it('subnormal arguments of odd functions are multiplied by the slope at 0, rounded once', () => {
    const multiples = Array.from({ length: 64 }, (_, k) => (k + 1) * tiny);
    const x = floats(lanes, multiples);
    for (const name of ['tanh', 'sin', 'tan', 'expm1', 'log1p'] as const) {
      expect(compileLoop(name, lanes)(x), name).toEqual(x);
    }
    const slope = 2 / Math.sqrt(Math.PI);
    expect(compileLoop('erf', lanes)(x)).toEqual(
      floats(
        lanes,
        multiples.map((_, k) => Math.round(slope * (k + 1)) * tiny),
      ),
    );
  });

  it.each(['tanh', 'erf', 'sigmoid', 'sin', 'cos'] as const)('%s never leaves its range', (name) => {
    const apply = compileLoop(name, lanes);
    for (const size of [4, 10, 20, 40]) {
      const results = apply(evenly(lanes, -size, size));
      expect(results.every((y) => Math.abs(y) <= 1 && (name !== 'sigmoid' || y >= 0))).toBe(true);
    }
  });

  it.each(['tanh', 'erf', 'sin', 'tan'] as const)('%s is odd, bit for bit', (name) => {
    const apply = compileLoop(name, lanes);
    const x = evenly(lanes, 0, 12, 4096);
    const expected = apply(x).map((y) => -y);
    expect(apply(x.map((value) => -value))).toEqual(expected);
  });
});
