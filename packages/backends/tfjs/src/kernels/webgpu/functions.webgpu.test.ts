// Element-wise functions in WGSL beside JavaScript's: how far off they are, and what they make of limits and of integers.
import { erf, foldScalar, type BinaryPrimitive, type UnaryPrimitive } from '@node-ode/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { applyOn, f32, i32, webGpuSegments, type Apply } from '../../../test/webgpu.ts';

let apply: Apply;
beforeAll(async () => {
  apply = applyOn(await webGpuSegments());
});

const least = 2 ** -126;

/** How many units in the last place of `exact` a number is off; numbers too small to be normal are 0 to a GPU. */
function unitsOff(actual: number, exact: number): number {
  const rounded = Math.fround(exact);
  if (Object.is(actual, rounded) || (Number.isNaN(actual) && Number.isNaN(rounded))) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(rounded)) return Infinity;
  if (Math.abs(rounded) < least) return Math.abs(actual) <= least ? 0 : Infinity;
  return Math.abs(actual - exact) / 2 ** (Math.floor(Math.log2(Math.abs(rounded))) - 23);
}

const signed = (values: readonly number[]): readonly number[] => values.flatMap((x) => [x, -x]);
const fround = (values: readonly number[]): readonly number[] => values.map(Math.fround);
const limits = [0, -0, NaN, Infinity, -Infinity, 3e38, -3e38, 1, -1];
const spread = fround([
  ...Array.from({ length: 400 }, (_, i) => i / 20 + 0.013),
  ...Array.from({ length: 120 }, (_, i) => 1.37 * 2 ** (i - 100)),
]);
const angles = fround([
  ...Array.from({ length: 300 }, (_, i) => i * (Math.PI / 4)),
  ...Array.from({ length: 125 }, (_, i) => 1.618 * 2 ** i),
  1e5,
  1e10,
  16367173 * 2 ** 72,
]);

/** Units in the last place that each function may be off, and where it is asked. */
const unary: readonly (readonly [op: UnaryPrimitive, units: number, points?: readonly number[]])[] = [
  ['neg', 0],
  ['abs', 0],
  ['sign', 0],
  ['floor', 0],
  ['ceil', 0],
  ['round', 0],
  ['sqrt', 3], // WGSL's promise
  ['exp', 3],
  ['expm1', 4],
  ['log', 3],
  ['log1p', 4],
  ['tanh', 4],
  ['sigmoid', 4],
  ['erf', 4],
  ['sin', 2, [...spread, ...angles]],
  ['cos', 2, [...spread, ...angles]],
  ['tan', 4, [...spread, ...angles]],
];

describe('functions of one number', () => {
  it.each(unary.map(([op, units, points = spread]) => [op, units, points] as const))(
    '%s is within %d units',
    async (op, units, points) => {
      const x = fround([...limits, ...signed(points), 0.5, 1.5, 2.5, -0.5, -2.5, 88.7, -87, 89.5, -104]);
      const actual = await apply(op, [f32(x)]);
      const exact = (v: number): number => (op === 'erf' ? erf(v) : foldScalar(op, [v], 'f64')!);
      const off = x.map((v, i) => [v, actual[i]!, exact(v)] as const).filter(([, a, e]) => !(unitsOff(a, e) <= units));
      expect(off).toEqual([]);
    },
  );

  it.each(['neg', 'abs', 'sign'] as const)('%s of integers is exact', async (op) => {
    const x = [0, 1, -1, 16777217, -123456789, 2147483647, -2147483648];
    expect(Array.from(await apply(op, [i32(x)]))).toEqual(x.map((v) => foldScalar(op, [v], 'i32')! | 0));
  });
});

const values = [...limits, 0.5, -0.5, 2, -2, 3, -3, 2.5, -2.5, 1e-3, 7.1, 1e10, -16777215, 33554432];
const pairs = values.flatMap((a) => values.map((b) => [a, b] as const));
const binary: readonly (readonly [op: BinaryPrimitive, units: number])[] = [
  ['add', 0],
  ['sub', 0],
  ['mul', 0],
  ['div', 2.5], // WGSL's promise
  ['rem', 0],
  ['pow', 40],
  ['maximum', 0],
  ['minimum', 0],
  ['atan2', 4],
];

describe('functions of two numbers', () => {
  it.each(binary)('%s is within %d units', async (op, units) => {
    const given = fround(pairs.map(([a]) => a));
    const other = fround(pairs.map(([, b]) => b));
    const actual = await apply(op, [f32(given), f32(other)]);
    const off = given
      .map((a, i) => [a, other[i]!, actual[i]!, foldScalar(op, [a, other[i]!], 'f64')!] as const)
      .filter(([, , a, e]) => !(unitsOff(a, e) <= units));
    expect(off).toEqual([]);
  });

  it('pow of ordinary numbers is within 3 units', async () => {
    const x = spread.slice(0, 400);
    for (const y of fround([2, 3, 0.5, -1, -0.5, 1.7, 5])) {
      const actual = await apply('pow', [f32(x), f32([y], [])]);
      expect(x.filter((v, i) => !(unitsOff(actual[i]!, v ** y) <= 3))).toEqual([]);
    }
  });

  it('a remainder of far apart numbers is exact', async () => {
    const x = spread.flatMap((v) => [v, 1e30, -3e38]);
    const y = spread.flatMap((v) => [1e-3, v, v]).map(Math.fround);
    const actual = await apply('rem', [f32(x), f32(y)]);
    const exact = x.map((v, i) => Math.fround(v) % y[i]!);
    expect(x.filter((_, i) => unitsOff(actual[i]!, exact[i]!) !== 0)).toEqual([]);
  });

  it.each(['add', 'sub', 'mul', 'div', 'rem', 'maximum', 'minimum'] as const)('%s of integers is exact', async (op) => {
    const whole = [1, -1, 7, -7, 3, -3, 2147483647, -2147483647, 123456789, 65537, 16777217, -16777219];
    const [a, b] = [whole.flatMap((v) => whole.map(() => v)), whole.flatMap(() => whole)];
    const exact = a.map((v, i) => foldScalar(op, [v, b[i]!], 'i32')! | 0);
    expect(Array.from(await apply(op, [i32(a), i32(b)]))).toEqual(exact);
  });

  it.each(['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'] as const)(
    '%s knows NaN, and neighbouring integers',
    async (op) => {
      const [a, b] = [pairs.map(([v]) => v), pairs.map(([, v]) => v)];
      const found = await apply(op, [f32(a), f32(b)]);
      expect(Array.from(found)).toEqual(a.map((v, i) => foldScalar(op, [v, b[i]!], 'f32')));
      const whole = await apply(op, [i32([16777216, 16777217]), i32([16777217, 16777216])]);
      expect(Array.from(whole)).toEqual([
        foldScalar(op, [16777216, 16777217], 'i32'),
        foldScalar(op, [16777217, 16777216], 'i32'),
      ]);
    },
  );

  it('broadcasts, and knows what is finite', async () => {
    const sums = await apply('add', [f32([1, 2, 3, 4], [2, 1, 2]), f32([10, 20, 30], [3, 1])]);
    expect(Array.from(sums)).toEqual([11, 12, 21, 22, 31, 32, 13, 14, 23, 24, 33, 34]);
    expect(Array.from(await apply('isFinite', [f32(limits)]))).toEqual([1, 1, 0, 0, 0, 1, 1, 1, 1]);
  });
});
