import { array } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { apply, build, evaluate, F32, F64, f64, I32, range } from '../test/builder.ts';

const x = F64([
  [1, 2, 3],
  [4, 5, 6],
]);

describe('sum and mean', () => {
  it('reduces any axes, with and without keeping them', () => {
    expect(apply('sum', [x], { axes: [0], keepDims: false })).toEqual([5, 7, 9]);
    expect(apply('sum', [x], { axes: [1], keepDims: false })).toEqual([6, 15]);
    expect(apply('sum', [x], { axes: [0, 1], keepDims: false })).toBe(21);
    expect(apply('sum', [x], { axes: [], keepDims: false })).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(apply('sum', [x], { axes: [0], keepDims: true })).toEqual([[5, 7, 9]]);
    expect(apply('sum', [x], { axes: [1], keepDims: true })).toEqual([[6], [15]]);
    expect(apply('mean', [x], { axes: [0], keepDims: false })).toEqual([2.5, 3.5, 4.5]);
    expect(apply('mean', [x], { axes: [0, 1], keepDims: true })).toEqual([[3.5]]);
    expect(apply('mean', [F32([1, 2])], { axes: [0], keepDims: false })).toBe(1.5);
  });

  it('reduces middle axes and pairs that are not neighbours', () => {
    const cube = range('f32', 2, 3, 4);
    expect(apply('sum', [cube], { axes: [1], keepDims: false })).toEqual([
      [12, 15, 18, 21],
      [48, 51, 54, 57],
    ]);
    expect(apply('sum', [cube], { axes: [0, 2], keepDims: false })).toEqual([60, 92, 124]);
    expect(apply('sum', [cube], { axes: [0, 2], keepDims: true })).toEqual([[[60], [92], [124]]]);
  });

  it('sums nothing to zero', () => {
    expect(apply('sum', [F32([], [0, 2])], { axes: [0], keepDims: false })).toEqual([0, 0]);
    expect(apply('sum', [F32([], [0, 2])], { axes: [1], keepDims: false })).toEqual([]);
    expect(apply('sum', [F64([], [0])], { axes: [0], keepDims: false })).toBe(0);
  });

  it('accumulates f32 in double precision and rounds once', () => {
    // One by one in f32, 2²⁴ + 1 + 1 + … never leaves 2²⁴.
    const data = new Float32Array(1001).fill(1);
    data[0] = 2 ** 24;
    expect(apply('sum', [array(data)], { axes: [0], keepDims: false })).toBe(2 ** 24 + 1000);
    expect(apply('sum', [array(data, { shape: [1001, 1] })], { axes: [0], keepDims: false })).toEqual([2 ** 24 + 1000]);
    const columns = new Float32Array(2002).map((_, i) => (i < 2 ? 2 ** 24 : 1));
    const sums = apply('sum', [array(columns, { shape: [1001, 2] })], { axes: [0], keepDims: false });
    expect(sums).toEqual([2 ** 24 + 1000, 2 ** 24 + 1000]);
  });

  it('wraps i32', () => {
    expect(apply('sum', [I32([2147483647, 1, 5])], { axes: [0], keepDims: false })).toBe(-2147483643);
  });

  it('counts its scratch memory', () => {
    const graph = build('g', [{ kind: 'tensor', shape: [10, 100], dtype: 'f32' }], (g, v) => [
      g.one('sum', [v!], { axes: [0], keepDims: false }),
    ]);
    // Input, double-precision sums, result.
    expect(evaluate(graph, [range('f32', 10, 100)]).counters.peakBytes).toBe(4000 + 800 + 400);
  });
});

describe('extrema', () => {
  it('finds them over any axes', () => {
    expect(apply('reduceMax', [x], { axes: [0], keepDims: false })).toEqual([4, 5, 6]);
    expect(apply('reduceMin', [x], { axes: [1], keepDims: true })).toEqual([[1], [4]]);
    expect(apply('reduceMax', [F32([-3, -1, -2])], { axes: [0], keepDims: false })).toBe(-1);
    expect(apply('reduceMin', [F64([-Infinity, 3])], { axes: [0], keepDims: false })).toBe(-Infinity);
    expect(apply('reduceMax', [I32([-2147483648, -5])], { axes: [0], keepDims: false })).toBe(-5);
    expect(apply('reduceMin', [I32([2147483647, 5])], { axes: [0], keepDims: false })).toBe(5);
    expect(apply('reduceMax', [I32([-2147483648])], { axes: [0], keepDims: false })).toBe(-2147483648);
    expect(apply('reduceMin', [x], { axes: [], keepDims: false })).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  it('propagates NaN', () => {
    expect(
      apply(
        'reduceMax',
        [
          F64([
            [1, NaN],
            [3, 2],
          ]),
        ],
        { axes: [0], keepDims: false },
      ),
    ).toEqual([3, NaN]);
    expect(apply('reduceMin', [F32([NaN, 1])], { axes: [0], keepDims: false })).toBe(NaN);
  });

  it('gives the index of the first largest, NaN counting as largest', () => {
    expect(apply('argMax', [F64([3, 7, 7, 1])], { axis: 0 })).toBe(1);
    expect(apply('argMax', [F64([1, NaN, 9, NaN])], { axis: 0 })).toBe(1);
    expect(
      apply(
        'argMax',
        [
          F64([
            [1, 9],
            [5, 2],
            [5, 9],
          ]),
        ],
        { axis: 0 },
      ),
    ).toEqual([1, 0]);
    expect(
      apply(
        'argMax',
        [
          I32([
            [1, 9],
            [5, 2],
          ]),
        ],
        { axis: 1 },
      ),
    ).toEqual([1, 0]);
  });
});

describe('cumsum', () => {
  it('runs along an axis, from either end', () => {
    expect(apply('cumsum', [x], { axis: 1, reverse: false })).toEqual([
      [1, 3, 6],
      [4, 9, 15],
    ]);
    expect(apply('cumsum', [x], { axis: 0, reverse: false })).toEqual([
      [1, 2, 3],
      [5, 7, 9],
    ]);
    expect(apply('cumsum', [x], { axis: 1, reverse: true })).toEqual([
      [6, 5, 3],
      [15, 11, 6],
    ]);
    expect(apply('cumsum', [I32([1, 2, 3])], { axis: 0, reverse: true })).toEqual([6, 5, 3]);
    expect(apply('cumsum', [F32([], [0, 2])], { axis: 0, reverse: true })).toEqual([]);
  });
});

describe('scatterAdd', () => {
  it('adds updates at their indices, repeated ones too', () => {
    const updates = F32([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(apply('scatterAdd', [updates, I32([2, 0, 2])], { axis: 0, size: 4 })).toEqual([
      [3, 4],
      [0, 0],
      [6, 8],
      [0, 0],
    ]);
    expect(apply('scatterAdd', [F64([[1, 2, 4]]), I32([1, 1, 0])], { axis: 1, size: 2 })).toEqual([[4, 3]]);
    expect(apply('scatterAdd', [F64([1, 2]), I32(2)], { axis: 0, size: 3 })).toEqual([
      [0, 0],
      [0, 0],
      [1, 2],
    ]);
    expect(apply('scatterAdd', [I32([], [0]), I32([], [0])], { axis: 0, size: 2 })).toEqual([0, 0]);
  });

  it('is the transpose of gather', () => {
    const graph = build(
      'g',
      [f64(3, 2), { kind: 'tensor', shape: [2, 2], dtype: 'i32' }, f64(2, 2, 2)],
      (g, a, at, b) => {
        const gathered = g.one('gather', [a!, at!], { axis: 0 });
        const scattered = g.one('scatterAdd', [b!, at!], { axis: 0, size: 3 });
        return [
          g.one('sum', [g.one('mul', [gathered, b!])], { axes: [0, 1, 2], keepDims: false }),
          g.one('sum', [g.one('mul', [a!, scattered])], { axes: [0, 1], keepDims: false }),
        ];
      },
    );
    const { outputs } = evaluate(graph, [
      range('f64', 3, 2),
      I32([
        [2, 0],
        [2, 1],
      ]),
      range('f64', 2, 2, 2),
    ]);
    expect(outputs[0]!.data[0]).toBe(outputs[1]!.data[0]);
    expect(outputs[0]!.data[0]).toBe(0 * 4 + 1 * 5 + 2 * 0 + 3 * 1 + 4 * 4 + 5 * 5 + 6 * 2 + 7 * 3);
  });

  it('refuses an index outside', () => {
    expect(() => apply('scatterAdd', [F64([1]), I32([3])], { axis: 0, size: 3 })).toThrow('scatterAdd: index 3');
  });
});
