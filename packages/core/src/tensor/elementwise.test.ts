import { describe, expect, it } from 'vitest';
import { bool, evaluate, expectClose, f32, f64, i32, uniform } from '../../test/support.ts';
import { erf } from '../graph/erf.ts';
import { select } from './functions.ts';
import { constant, type Tensor } from './tensor.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const roundEven = (x: number): number => {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
};

type Unary = readonly [name: string, of: (x: Tensor) => Tensor, expected: (x: number) => number];
const unary: readonly Unary[] = [
  ['neg', (x) => x.neg(), (x) => -x],
  ['abs', (x) => x.abs(), Math.abs],
  ['sign', (x) => x.sign(), Math.sign],
  ['exp', (x) => x.exp(), Math.exp],
  ['expm1', (x) => x.expm1(), Math.expm1],
  ['sin', (x) => x.sin(), Math.sin],
  ['cos', (x) => x.cos(), Math.cos],
  ['tan', (x) => x.tan(), Math.tan],
  ['tanh', (x) => x.tanh(), Math.tanh],
  ['sigmoid', (x) => x.sigmoid(), sigmoid],
  ['erf', (x) => x.erf(), erf],
  ['softplus', (x) => x.softplus(), (x) => Math.log1p(Math.exp(x))],
  ['relu', (x) => x.relu(), (x) => Math.max(x, 0)],
  ['floor', (x) => x.floor(), Math.floor],
  ['ceil', (x) => x.ceil(), Math.ceil],
  ['round', (x) => x.round(), roundEven],
  ['square', (x) => x.square(), (x) => x * x],
  ['reciprocal', (x) => x.reciprocal(), (x) => 1 / x],
  ['log of |x|', (x) => x.abs().log(), (x) => Math.log(Math.abs(x))],
  ['log1p of |x|', (x) => x.abs().log1p(), (x) => Math.log1p(Math.abs(x))],
  ['sqrt of |x|', (x) => x.abs().sqrt(), (x) => Math.sqrt(Math.abs(x))],
];

type Binary = readonly [
  name: string,
  of: (a: Tensor, b: Tensor) => Tensor,
  expected: (a: number, b: number) => number | boolean,
];
const binary: readonly Binary[] = [
  ['add', (a, b) => a.add(b), (a, b) => a + b],
  ['sub', (a, b) => a.sub(b), (a, b) => a - b],
  ['mul', (a, b) => a.mul(b), (a, b) => a * b],
  ['div', (a, b) => a.div(b), (a, b) => a / b],
  ['rem', (a, b) => a.rem(b), (a, b) => a % b],
  ['pow', (a, b) => a.abs().pow(b), (a, b) => Math.abs(a) ** b],
  ['maximum', (a, b) => a.maximum(b), Math.max],
  ['minimum', (a, b) => a.minimum(b), Math.min],
  ['atan2', (a, b) => a.atan2(b), Math.atan2],
  ['equal', (a, b) => a.equal(b), (a, b) => a === b],
  ['notEqual', (a, b) => a.notEqual(b), (a, b) => a !== b],
  ['less', (a, b) => a.less(b), (a, b) => a < b],
  ['lessEqual', (a, b) => a.lessEqual(b), (a, b) => a <= b],
  ['greater', (a, b) => a.greater(b), (a, b) => a > b],
  ['greaterEqual', (a, b) => a.greaterEqual(b), (a, b) => a >= b],
];

describe('functions of one argument', () => {
  const special = [0, 0.5, -0.5, 1.5, 2.5, -2.5, 3];
  const xs = [...special, ...uniform(1, [25], -3, 3).data];

  it.each(unary)('%s', async (_, of, expected) => {
    // Two roundings apart at most: engines may compute a composite in other steps.
    expectClose(await evaluate(of, f64(xs)), xs.map(expected), 4e-16, 0);
  });

  it.each(unary)('%s in f32 is the double result rounded', async (_, of, expected) => {
    const xs32 = [...Float32Array.from(xs)];
    expectClose(
      await evaluate(of, f32(xs32)),
      xs32.map((x) => Math.fround(expected(x))),
      3e-7,
      0,
    );
  });

  it('round takes ties to the even neighbour', async () => {
    expect(await evaluate((x: Tensor) => x.round(), f64([0.5, 1.5, 2.5, -0.5, -1.5, -2.5]))).toEqual([
      0, 2, 2, -0, -2, -2,
    ]);
  });

  it('stays exact where the plain formula overflows or cancels', async () => {
    const x = f64([-1000, -1e-17, 1e-17, 1000]);
    expect(await evaluate((t: Tensor) => t.softplus(), x)).toEqual([0, Math.LN2, Math.LN2, 1000]);
    expect(await evaluate((t: Tensor) => t.sigmoid(), x)).toEqual([0, 0.5, 0.5, 1]);
    expect(await evaluate((t: Tensor) => t.expm1(), x)).toEqual([-1, -1e-17, 1e-17, Infinity]);
    expect(await evaluate((t: Tensor) => t.log1p(), x)).toEqual([NaN, -1e-17, 1e-17, Math.log1p(1000)]);
  });

  it('isFinite tells numbers from NaN and infinities', async () => {
    expect(await evaluate((x: Tensor) => x.isFinite(), f64([1, -0, NaN, Infinity, -Infinity]))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('neg, abs, sign and square of integers', async () => {
    const x = i32([-3, 0, 4]);
    expect(await evaluate((t: Tensor) => [t.neg(), t.abs(), t.sign(), t.square()], x)).toEqual([
      [3, 0, -4],
      [3, 0, 4],
      [-1, 0, 1],
      [9, 0, 16],
    ]);
  });
});

describe('functions of two arguments', () => {
  const a = [2, -2, 0, 1.5, ...uniform(2, [12]).data];
  const b = [2, 3, 1, 1.5, ...uniform(3, [12]).data];

  it.each(binary)('%s', async (_, of, expected) => {
    expect(await evaluate(of, f64(a), f64(b))).toEqual(a.map((x, i) => expected(x, b[i] as number)));
  });

  it.each(binary)('%s broadcasts as in NumPy', async (_, of, expected) => {
    const [left, right] = [uniform(4, [2, 1, 3]), uniform(5, [4, 1])];
    const value = (x: number, y: number, z: number): number | boolean =>
      expected(left.data[x * 3 + z] as number, right.data[y] as number);
    const table = [0, 1].map((x) => [0, 1, 2, 3].map((y) => [0, 1, 2].map((z) => value(x, y, z))));
    expect(await evaluate(of, left, right)).toEqual(table);
  });

  it.each(binary)('%s with a JavaScript number', async (_, of, expected) => {
    expect(await evaluate((x: Tensor) => of(x, 1.5 as unknown as Tensor), f64(a))).toEqual(
      a.map((x) => expected(x, 1.5)),
    );
  });

  it('broadcasts an empty axis', async () => {
    const sum = await evaluate((x: Tensor) => x.slice([0], [0]).reshape([0, 1]).add(x), f64([1, 2]));
    expect(sum).toEqual([]);
  });

  it('maximum and minimum are NaN if either operand is', async () => {
    const [x, y] = [f64([NaN, 1, NaN]), f64([1, NaN, NaN])];
    expect(await evaluate((p: Tensor, q: Tensor) => [p.maximum(q), p.minimum(q)], x, y)).toEqual([
      [NaN, NaN, NaN],
      [NaN, NaN, NaN],
    ]);
  });

  it('comparisons with NaN are false, notEqual is true', async () => {
    const results = await evaluate((x: Tensor) => [x.equal(x), x.less(x), x.greaterEqual(x), x.notEqual(x)], f64(NaN));
    expect(results).toEqual([false, false, false, true]);
  });

  it('division and remainder of integers truncate', async () => {
    const [a, b] = [i32([7, -7, 7, -7]), i32([2, 2, -2, -2])];
    expect(await evaluate((x: Tensor, y: Tensor) => [x.div(y), x.rem(y)], a, b)).toEqual([
      [3, -3, -3, 3],
      [1, -1, 1, -1],
    ]);
  });

  it('host arrays are operands', async () => {
    expect(await evaluate((x: Tensor) => x.mul(f64([10, 100])), f64([[1], [2]]))).toEqual([
      [10, 100],
      [20, 200],
    ]);
  });
});

describe('logic and choice', () => {
  const [p, q] = [bool([true, true, false, false]), bool([true, false, true, false])];

  it('and, or, not', async () => {
    expect(await evaluate((a: Tensor, b: Tensor) => [a.and(b), a.or(b), a.not(), a.and(true)], p, q)).toEqual([
      [true, false, false, false],
      [true, true, true, false],
      [false, false, true, true],
      [true, true, false, false],
    ]);
  });

  it('equality of booleans', async () => {
    expect(await evaluate((a: Tensor, b: Tensor) => [a.equal(b), a.notEqual(b)], p, q)).toEqual([
      [true, false, false, true],
      [false, true, true, false],
    ]);
  });

  it('select takes elements of either operand, all three broadcast', async () => {
    const mixed = await evaluate(
      (c: Tensor, x: Tensor) => select(c.reshape([2, 1]), x, 0),
      bool([true, false]),
      f64([1, 2, 3]),
    );
    expect(mixed).toEqual([
      [1, 2, 3],
      [0, 0, 0],
    ]);
  });

  it('select of numbers is f32, of booleans bool', async () => {
    expect(await evaluate((c: Tensor) => select(c, 1.5, 2), p)).toEqual([1.5, 1.5, 2, 2]);
    expect(await evaluate((c: Tensor) => select(c, false, true), p)).toEqual([false, false, true, true]);
    expect(select(constant(true), 1, 2).dtype).toBe('f32');
  });
});

describe('cast', () => {
  it('float to integer truncates towards zero, anything to bool is x ≠ 0', async () => {
    const x = f64([-1.9, -0.5, 0, 0.5, 1.9]);
    expect(await evaluate((t: Tensor) => [t.cast('i32'), t.cast('bool')], x)).toEqual([
      [-1, 0, 0, 0, 1],
      [true, true, false, true, true],
    ]);
  });

  it('f64 to f32 rounds, bool and integers become numbers', async () => {
    expect(await evaluate((t: Tensor) => t.cast('f32').cast('f64'), f64(0.1))).toBe(Math.fround(0.1));
    expect(await evaluate((t: Tensor) => t.cast('f64').div(2), bool([true, false]))).toEqual([0.5, 0]);
    expect(await evaluate((t: Tensor) => t.cast('f64').div(2), i32([3]))).toEqual([1.5]);
  });

  it('to the same dtype is the tensor itself', () => {
    const x = constant(1);
    expect(x.cast('f32')).toBe(x);
  });
});
