import { describe, expect, it } from 'vitest';
import { foldScalar, power, roundTiesToEven, roundTo, scalarMeaning } from './evaluate.ts';

describe('roundTiesToEven', () => {
  it.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [-0.5, -0],
    [-1.5, -2],
    [-2.5, -2],
    [0.49999999999999994, 0],
    [2.4999, 2],
    [2.5001, 3],
    [-0.3, -0],
    [-0, -0],
    [4503599627370495.5, 4503599627370496],
    [4503599627370497, 4503599627370497],
    [Infinity, Infinity],
    [-Infinity, -Infinity],
    [NaN, NaN],
  ])('%d to %d', (x, expected) => expect(roundTiesToEven(x)).toBe(expected));
});

describe('power', () => {
  it.each([
    [2, 10, 1024],
    [2, -1, 0.5],
    [-8, 1 / 3, NaN],
    [0, 0, 1],
    [NaN, 0, 1],
    [1, NaN, 1],
    [1, Infinity, 1],
    [-1, Infinity, 1],
    [-1, -Infinity, 1],
    [0.5, Infinity, 0],
  ])('%d to the %d is %d', (x, y, expected) => expect(power(x, y)).toBe(expected));
});

describe('foldScalar', () => {
  it('rounds f32 arguments and results once', () => {
    expect(foldScalar('add', [0.1, 0.2], 'f32')).toBe(Math.fround(Math.fround(0.1) + Math.fround(0.2)));
    expect(foldScalar('sub', [0.1, Math.fround(0.1)], 'f32')).toBe(0);
    expect(foldScalar('exp', [1], 'f32')).toBe(Math.fround(Math.E));
    expect(foldScalar('mul', [1e30, 1e30], 'f32')).toBe(Infinity);
  });

  it('computes f64 as JavaScript does', () => {
    expect(foldScalar('add', [0.1, 0.2], 'f64')).toBe(0.1 + 0.2);
    expect(foldScalar('div', [1, 0], 'f64')).toBe(Infinity);
    expect(foldScalar('rem', [-7, 3], 'f64')).toBe(-1);
    expect(foldScalar('sigmoid', [0], 'f64')).toBe(0.5);
    expect(foldScalar('atan2', [1, -1], 'f64')).toBe((3 * Math.PI) / 4);
    expect(foldScalar('sign', [-3], 'f64')).toBe(-1);
  });

  it('wraps i32 and truncates its quotients', () => {
    expect(foldScalar('add', [2147483647, 1], 'i32')).toBe(-2147483648);
    expect(foldScalar('mul', [2147483647, 2147483647], 'i32')).toBe(1);
    expect(foldScalar('div', [7, -2], 'i32')).toBe(-3);
    expect(foldScalar('rem', [-7, 3], 'i32')).toBe(-1);
    expect(foldScalar('div', [-2147483648, -1], 'i32')).toBe(-2147483648);
    expect(foldScalar('neg', [0], 'i32')).toBe(0);
    expect(foldScalar('abs', [-2147483648], 'i32')).toBe(-2147483648);
  });

  it('has no value for an i32 division by zero, nor for an operation the dtype lacks', () => {
    expect(foldScalar('div', [1, 0], 'i32')).toBeUndefined();
    expect(foldScalar('rem', [1, 0], 'i32')).toBeUndefined();
    expect(foldScalar('exp', [1], 'i32')).toBeUndefined();
    expect(foldScalar('add', [1, 1], 'bool')).toBeUndefined();
    expect(foldScalar('less', [0, 1], 'bool')).toBeUndefined();
    expect(foldScalar('not', [1], 'f32')).toBeUndefined();
    expect(foldScalar('isFinite', [1], 'i32')).toBeUndefined();
  });

  it('propagates NaN through maximum and minimum, and not through comparisons', () => {
    expect(foldScalar('maximum', [NaN, 1], 'f64')).toBeNaN();
    expect(foldScalar('minimum', [1, NaN], 'f64')).toBeNaN();
    expect(foldScalar('maximum', [-0, 0], 'f64')).toBe(0);
    expect(foldScalar('less', [NaN, 1], 'f64')).toBe(0);
    expect(foldScalar('equal', [NaN, NaN], 'f64')).toBe(0);
    expect(foldScalar('notEqual', [NaN, NaN], 'f64')).toBe(1);
    expect(foldScalar('mul', [0, NaN], 'f64')).toBeNaN();
  });

  it('gives 0 or 1 for comparisons and logic', () => {
    expect(foldScalar('lessEqual', [2, 2], 'i32')).toBe(1);
    expect(foldScalar('greater', [2, 2], 'i32')).toBe(0);
    expect(foldScalar('greaterEqual', [0.1, Math.fround(0.1)], 'f32')).toBe(1);
    expect(foldScalar('not', [0], 'bool')).toBe(1);
    expect(foldScalar('and', [1, 0], 'bool')).toBe(0);
    expect(foldScalar('or', [1, 0], 'bool')).toBe(1);
    expect(foldScalar('equal', [1, 1], 'bool')).toBe(1);
    expect(foldScalar('isFinite', [1e39], 'f32')).toBe(0);
    expect(foldScalar('isFinite', [1e39], 'f64')).toBe(1);
  });
});

describe('roundTo', () => {
  it('gives what each dtype holds', () => {
    expect(roundTo('f32', 0.1)).toBe(0.10000000149011612);
    expect(roundTo('f64', 0.1)).toBe(0.1);
    expect(roundTo('i32', -2.7)).toBe(-2);
    expect(roundTo('i32', NaN)).toBe(0);
    expect(roundTo('bool', NaN)).toBe(1);
    expect(roundTo('bool', -0)).toBe(0);
  });
});

it('has one meaning for those who fold once and those who fold often', () => {
  for (const dtype of ['f32', 'f64', 'i32', 'bool'] as const) {
    for (const op of ['add', 'div', 'rem', 'sqrt', 'less', 'equal', 'and', 'not', 'isFinite', 'pow'] as const) {
      for (const [x, y] of [
        [7, 2],
        [-7, 0],
        [1, 0],
      ] as const) {
        const [a, b] = [roundTo(dtype, x), roundTo(dtype, y)];
        expect(scalarMeaning(op, dtype)?.(a, b), `${op} ${dtype} ${x} ${y}`).toBe(foldScalar(op, [x, y], dtype));
      }
    }
  }
  expect(scalarMeaning('div', 'i32')?.(7, -2)).toBe(-3);
  expect(scalarMeaning('sqrt', 'i32')).toBeUndefined();
});
