import { array, foldScalar, toNested, type DType, type ElementwisePrimitive } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { apply, Bool, build, evaluate, F32, f32, F64, f64, I32, range, results } from '../test/builder.ts';

const unary: readonly ElementwisePrimitive[] = [
  'neg',
  'abs',
  'sign',
  'exp',
  'expm1',
  'log',
  'log1p',
  'sqrt',
  'sin',
  'cos',
  'tan',
  'tanh',
  'sigmoid',
  'erf',
  'floor',
  'ceil',
  'round',
];
const binary: readonly ElementwisePrimitive[] = [
  'add',
  'sub',
  'mul',
  'div',
  'rem',
  'pow',
  'maximum',
  'minimum',
  'atan2',
];
const comparisons: readonly ElementwisePrimitive[] = [
  'equal',
  'notEqual',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
];

const samples: Record<'f32' | 'f64' | 'i32', readonly number[]> = {
  f32: [-Infinity, -3.5, -2.5, -1, -0.5, -0, 0, 1e-30, 0.1, 0.5, 1, 1.5, 2.5, 88, 1e30, Infinity, NaN],
  f64: [-Infinity, -3.5, -2.5, -1, -0.5, -0, 0, 1e-300, 0.1, 0.5, 1, 1.5, 2.5, 700, 1e300, Infinity, NaN],
  i32: [-2147483648, -7, -2, -1, 1, 2, 3, 7, 65537, 2147483647],
};

describe.each(['f32', 'f64', 'i32'] as const)('element-wise %s', (dtype) => {
  const xs = samples[dtype];
  const pairs = xs.flatMap((x) => xs.map((y) => [x, y] as const));
  const left = array(
    Float64Array.from(pairs, ([x]) => x),
    { dtype },
  );
  const right = array(
    Float64Array.from(pairs, ([, y]) => y),
    { dtype },
  );
  const truth = (bit: number): boolean => bit === 1;
  const has = (op: ElementwisePrimitive): boolean => foldScalar(op, [1, 1], dtype) !== undefined;

  it.each(unary.filter(has))('%s means what core says', (op) => {
    const expected = xs.map((x) => foldScalar(op, [x], dtype));
    expect(apply(op, [array(Float64Array.from(xs), { dtype })])).toEqual(expected);
  });

  it.each(binary.filter(has))('%s means what core says', (op) => {
    const expected = pairs.map((pair) => foldScalar(op, pair, dtype));
    expect(apply(op, [left, right])).toEqual(expected);
  });

  it.each(comparisons)('%s means what core says', (op) => {
    const expected = pairs.map((pair) => truth(foldScalar(op, pair, dtype)!));
    expect(apply(op, [left, right])).toEqual(expected);
  });
});

describe('values worked out by hand', () => {
  it('rounds f32 after each operation, from double precision', () => {
    expect(apply('add', [F32([0.1]), F32([0.2])])).toEqual([0.30000001192092896]);
    expect(apply('add', [F64([0.1]), F64([0.2])])).toEqual([0.30000000000000004]);
    expect(apply('mul', [F32([16777217]), F32([1])])).toEqual([16777216]);
  });

  it('rounds ties to even', () => {
    expect(apply('round', [F64([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.5000001])])).toEqual([-2, -2, -0, 0, 2, 2, 3]);
  });

  it('propagates NaN through maximum and minimum from either side', () => {
    expect(apply('maximum', [F64([NaN, 1, 2]), F64([1, NaN, 3])])).toEqual([NaN, NaN, 3]);
    expect(apply('minimum', [F32([NaN, 1, 2]), F32([1, NaN, 3])])).toEqual([NaN, NaN, 2]);
  });

  it('keeps the low bits of i32 products and truncates quotients', () => {
    expect(apply('mul', [I32([2147483647, 123456789]), I32([2147483647, 987654321])])).toEqual([1, -67153019]);
    expect(apply('div', [I32([7, -7, 7, -2147483648]), I32([2, 2, -2, -1])])).toEqual([3, -3, -3, -2147483648]);
    expect(apply('rem', [I32([7, -7, 7]), I32([3, 3, -3])])).toEqual([1, -1, 1]);
    expect(apply('add', [I32([2147483647]), I32([1])])).toEqual([-2147483648]);
  });

  it.each(['div', 'rem'] as const)('refuses an i32 %s by zero, and divides floats by it', (op) => {
    expect(() => apply(op, [I32([1, 2]), I32([1, 0])])).toThrow(`${op}: an i32 was divided by zero`);
    expect(apply(op, [F64([1]), F64([0])])).toEqual([op === 'div' ? Infinity : NaN]);
  });

  it('has IEEE 754 powers', () => {
    expect(apply('pow', [F64([2, 4, -8, 1, -1, 0]), F64([-1, 0.5, 3, NaN, Infinity, 0])])).toEqual([
      0.5, 2, -512, 1, 1, 1,
    ]);
  });

  it('saturates sigmoid and softplus without overflow', () => {
    expect(apply('sigmoid', [F64([-1000, 0, 1000, NaN])])).toEqual([0, 0.5, 1, NaN]);
    expect(apply('softplus', [F64([-1000, 0, 1000, NaN])])).toEqual([0, Math.LN2, 1000, NaN]);
    expect(apply('softplus', [F64([-40])])).toEqual([Math.exp(-40)]);
  });

  it('computes logic on booleans', () => {
    const [a, b] = [Bool([false, false, true, true]), Bool([false, true, false, true])];
    expect(apply('and', [a, b])).toEqual([false, false, false, true]);
    expect(apply('or', [a, b])).toEqual([false, true, true, true]);
    expect(apply('not', [a])).toEqual([true, true, false, false]);
    expect(apply('equal', [a, b])).toEqual([true, false, false, true]);
    expect(apply('isFinite', [F32([1, Infinity, -Infinity, NaN, 1e39])])).toEqual([true, false, false, false, false]);
  });

  it('selects without touching the other side', () => {
    expect(apply('select', [Bool([true, false]), F64([1, NaN]), F64([NaN, 2])])).toEqual([1, 2]);
    expect(apply('select', [Bool([[true], [false]]), F32([1, 2, 3]), F32(0)])).toEqual([
      [1, 2, 3],
      [0, 0, 0],
    ]);
    expect(apply('select', [Bool(true), I32([1, 2]), I32([3, 4])])).toEqual([1, 2]);
    expect(apply('select', [Bool([true, false]), Bool([false, false]), Bool([true, true])])).toEqual([false, true]);
  });

  it('casts between all dtypes', () => {
    expect(apply('cast', [F64([-2.7, 2.7, NaN])], { dtype: 'i32' })).toEqual([-2, 2, 0]);
    expect(apply('cast', [F32([0, -0, 0.5, NaN])], { dtype: 'bool' })).toEqual([false, false, true, true]);
    expect(apply('cast', [I32([0, 256, -1])], { dtype: 'bool' })).toEqual([false, true, true]);
    expect(apply('cast', [Bool([true, false])], { dtype: 'f64' })).toEqual([1, 0]);
    expect(apply('cast', [Bool([true, false])], { dtype: 'i32' })).toEqual([1, 0]);
    expect(apply('cast', [F64([0.1])], { dtype: 'f32' })).toEqual([Math.fround(0.1)]);
    expect(apply('cast', [F32([0.1])], { dtype: 'f64' })).toEqual([Math.fround(0.1)]);
    expect(apply('cast', [F32([0.1])], { dtype: 'f32' })).toEqual([Math.fround(0.1)]);
  });
});

describe('broadcasting', () => {
  /** a − b element by element, indices counted one by one. */
  function subtract(aShape: readonly number[], bShape: readonly number[], shape: readonly number[]): number[] {
    const at = (own: readonly number[], index: readonly number[]): number =>
      own.reduce(
        (sum, extent, axis) => sum * extent + (extent === 1 ? 0 : index[axis + shape.length - own.length]!),
        0,
      );
    const total = shape.reduce((a, b) => a * b, 1);
    return Array.from({ length: total }, (_, flat) => {
      const index = shape.map(
        (extent, axis) => Math.floor(flat / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % extent,
      );
      return at(aShape, index) - 1000 * at(bShape, index);
    });
  }

  it.each([
    [[], [], []],
    [[3], [], [3]],
    [[], [2, 3], [2, 3]],
    [[4, 5], [5], [4, 5]],
    [[20, 2], [2], [20, 2]],
    [
      [4, 1],
      [4, 5],
      [4, 5],
    ],
    [
      [4, 1],
      [1, 5],
      [4, 5],
    ],
    [
      [2, 1, 3],
      [4, 1],
      [2, 4, 3],
    ],
    [
      [2, 3, 1, 4, 1],
      [3, 5, 1, 6],
      [2, 3, 5, 4, 6],
    ],
    [[1, 1], [1], [1, 1]],
    [[3, 1, 9], [9], [3, 1, 9]],
    [[0], [1], [0]],
    [
      [2, 0],
      [2, 1],
      [2, 0],
    ],
    [[0, 3], [3], [0, 3]],
  ])('%j − %j', (a, b, shape) => {
    const thousand = range('f64', ...b);
    thousand.data.forEach((x, i) => (thousand.data[i] = 1000 * x));
    const graph = build('g', [f64(...a), f64(...b)], (g, x, y) => [g.one('sub', [x!, y!])]);
    const [out] = evaluate(graph, [range('f64', ...a), thousand]).outputs;
    expect(out!.shape).toEqual(shape);
    expect([...out!.data]).toEqual(subtract(a, b, shape));
  });

  it('computes the operands that are one value', () => {
    const graph = build('g', [f32(2)], (g, x) => {
      const square = g.one('mul', [x!, x!]);
      return [square, g.one('sub', [square, square])];
    });
    expect(results(graph, [F32([3, -4])])).toEqual([
      [9, 16],
      [0, 0],
    ]);
  });
});

it.each<DType>(['f32', 'f64', 'i32', 'bool'])('an empty %s stays empty', (dtype) => {
  const empty = array(new Float64Array(0), { dtype, shape: [0, 3] });
  expect(toNested(empty)).toEqual([]);
  expect(apply('cast', [empty], { dtype: 'f32' })).toEqual([]);
  expect(apply(dtype === 'bool' ? 'not' : 'neg', [empty])).toEqual([]);
});
