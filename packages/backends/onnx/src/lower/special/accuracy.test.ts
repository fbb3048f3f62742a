import { array, type DType, type HostArray } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { applyReference } from '../../../test/single-node.ts';
import { applyFor, casesOf, type Rule } from '../../../test/targets.ts';

/** The distance of neighbouring floats at x. */
function spacing(x: number, dtype: DType): number {
  const [bits, least] = dtype === 'f32' ? [23, 2 ** -149] : [52, 2 ** -1074];
  return Math.max(2 ** (Math.floor(Math.log2(Math.abs(x))) - bits), least);
}

/** How far results may be from the reference engine's: in units of the last place, plus an absolute distance. */
interface Bound {
  readonly units: number;
  readonly absolute?: number;
}

function expectNear(actual: HostArray, expected: HostArray, { units, absolute = 0 }: Bound, note: string): void {
  expect([actual.dtype, ...actual.shape]).toEqual([expected.dtype, ...expected.shape]);
  expected.data.forEach((wanted, i) => {
    const found = actual.data[i] ?? NaN;
    const isNear =
      Object.is(found, wanted) || Math.abs(found - wanted) <= units * spacing(wanted, expected.dtype) + absolute;
    if (!isNear) expect.fail(`${note}: element ${i} is ${found}, not ${wanted}`);
  });
}

/** Numbers whose size goes from `low` to `high`, evenly by their logarithm, of both signs unless `low` is all there is below. */
function sizes(dtype: DType, low: number, high: number, signed: boolean): HostArray {
  const positive = Array.from({ length: 1000 }, (_, i) => low * (high / low) ** ((i + 0.37) / 1000));
  return array(signed ? [...positive, ...positive.map((x) => -x)] : positive, { dtype });
}

interface Range {
  readonly op: Rule;
  readonly to?: number;
  readonly signed?: boolean;
  readonly f32: Bound;
  readonly f64: Bound;
}

const rounded = { units: 1 };

// Measured against the reference engine from 1e-30 on. ONNX Runtime's sine and cosine in f64 are off by 6e-16 near their zeros,
// its sigmoid in f32 by an absolute error where it is small: what they are there is noise, and so is a quotient of the two near poles.
const ranges: readonly Range[] = [
  { op: 'exp', f32: rounded, f64: { units: 2 } },
  { op: 'expm1', f32: { units: 6 }, f64: { units: 9 } },
  { op: 'log', signed: false, f32: { units: 2 }, f64: { units: 2 } },
  { op: 'log1p', signed: false, f32: { units: 3 }, f64: { units: 2 } },
  { op: 'sqrt', signed: false, f32: { units: 0 }, f64: { units: 0 } },
  { op: 'sin', f32: { units: 2 }, f64: { units: 2, absolute: 7e-16 } },
  { op: 'cos', f32: { units: 2 }, f64: { units: 2, absolute: 7e-16 } },
  { op: 'tan', to: 1.5, f32: { units: 3 }, f64: { units: 500 } },
  { op: 'tanh', f32: { units: 5 }, f64: { units: 8 } },
  { op: 'sigmoid', f32: { units: 2, absolute: 1.5e-7 }, f64: { units: 3 } },
  { op: 'erf', f32: rounded, f64: { units: 8 } },
];

describe.each(ranges)('$op', ({ op, to = 1000, signed = true, ...bounds }) => {
  it.each(casesOf(op, ['f32', 'f64']))(
    'is near the reference engine over all sizes, $dtype for $target',
    async ({ dtype, target }) => {
      const x = sizes(dtype, 1e-30, to, signed);
      expectNear(
        await applyFor(target, op, [x]),
        await applyReference(op, {}, [x]),
        bounds[dtype as 'f32' | 'f64'],
        op,
      );
    },
  );
});

describe('log1p', () => {
  it.each(casesOf('log1p', ['f32', 'f64']))(
    'is near the reference engine down to −1, $dtype for $target',
    async ({ dtype, target }) => {
      const x = array(
        Array.from(sizes(dtype, 1e-30, 1, false).data, (size) => -size),
        { dtype },
      );
      expectNear(await applyFor(target, 'log1p', [x]), await applyReference('log1p', {}, [x]), { units: 3 }, 'log1p');
    },
  );
});

/** Every pair of sizes and signs. */
function plane(dtype: DType): readonly [HostArray, HostArray] {
  const axis = [1e-30, 1e-8, 0.003, 0.4, 0.99, 1, 1.3, 7, 1e3, 1e12].flatMap((x) => [x, -x]);
  const points = axis.flatMap((a) => axis.map((b) => [a, b] as const));
  return [
    array(
      points.map(([a]) => a),
      { dtype },
    ),
    array(
      points.map(([, b]) => b),
      { dtype },
    ),
  ];
}

describe('atan2', () => {
  it.each(casesOf('atan2', ['f32', 'f64']))(
    'is near the reference engine in every direction, $dtype for $target',
    async ({ dtype, target }) => {
      const points = plane(dtype);
      expectNear(
        await applyFor(target, 'atan2', points),
        await applyReference('atan2', {}, points),
        { units: 4 },
        'atan2',
      );
    },
  );
});

describe('pow', () => {
  it.each(casesOf('pow', ['f32', 'f64']))(
    'is near the reference engine, $dtype for $target',
    async ({ dtype, target }) => {
      const x = array([0.01, 0.3, 0.9, 1.1, 2, 7, 90, -2, -3], { dtype, shape: [9, 1] });
      const y = array([-3, -1, -0.5, 0.5, 1, 1.5, 2, 3, 4], { dtype });
      // e^(y·log x) multiplies the rounding of the logarithm by its size.
      const bound = target === 'webgpu' ? { units: 40 } : rounded;
      expectNear(await applyFor(target, 'pow', [x, y]), await applyReference('pow', {}, [x, y]), bound, 'pow');
    },
  );
});
