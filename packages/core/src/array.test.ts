import { describe, expect, it } from 'vitest';
import { refusal } from '../test/support.ts';
import { array, hostArray, isHostArray, toNested } from './array.ts';

describe('array', () => {
  it('from nested arrays: the shape is read off, f32 by default', () => {
    expect(
      array([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ).toEqual({ kind: 'array', shape: [2, 3], dtype: 'f32', data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    expect(array(7)).toEqual({ kind: 'array', shape: [], dtype: 'f32', data: Float32Array.of(7) });
    expect(array([]).shape).toEqual([0]);
    expect(array([[], []]).shape).toEqual([2, 0]);
    expect(array([[[1]], [[2]]]).shape).toEqual([2, 1, 1]);
  });

  it('booleans are bool, typed arrays keep what they hold', () => {
    expect(array([true, false])).toEqual({ kind: 'array', shape: [2], dtype: 'bool', data: Uint8Array.of(1, 0) });
    expect(array(true).dtype).toBe('bool');
    expect(
      [array(new Float64Array(2)), array(new Int32Array(2)), array(new Float32Array(2))].map(({ dtype }) => dtype),
    ).toEqual(['f64', 'i32', 'f32']);
  });

  it('converts to the dtype that is asked for', () => {
    expect(array([1.5, -1.5], { dtype: 'i32' }).data).toEqual(Int32Array.of(1, -1));
    expect(array([0, 0.5, NaN], { dtype: 'bool' }).data).toEqual(Uint8Array.of(0, 1, 1));
    expect(array([true, false], { dtype: 'f64' }).data).toEqual(Float64Array.of(1, 0));
    expect(array([0.1], { dtype: 'f32' }).data[0]).toBe(Math.fround(0.1));
    expect(array(Float64Array.of(0.1), { dtype: 'f64' }).data[0]).toBe(0.1);
  });

  it('flat data with a shape, and copies it', () => {
    const data = new Float64Array([1, 2, 3, 4, 5, 6]);
    const x = array(data, { shape: [3, 2] });
    data[0] = 99;
    expect(toNested(x)).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(
      array(
        [
          [1, 2],
          [3, 4],
        ],
        { shape: [4] },
      ).shape,
    ).toEqual([4]);
    expect(array([5], { shape: [] }).shape).toEqual([]);
  });

  it('refuses rows that differ, and data that does not fill the shape', async () => {
    const rows = 'nested rows differ in length or depth';
    const advice = 'Pad the rows, or keep them as separate arrays in a tree.';
    expect(await refusal(() => array([[1, 2], [3]]))).toBe(
      `ShapeError: array: ${rows}; expected every row at depth 1 to have 2 elements. ${advice}`,
    );
    expect(await refusal(() => array([[1, 2], 3]))).toBe(
      `ShapeError: array: ${rows}; expected every row at depth 1 to have 2 elements. ${advice}`,
    );
    expect(await refusal(() => array([1, [2]]))).toBe(
      `ShapeError: array: ${rows}; expected every row at depth 1 to have no elements. ${advice}`,
    );
    expect(await refusal(() => array([1, 2, 3], { shape: [2, 2] }))).toBe(
      'ShapeError: array: 3 elements do not fill shape [2, 2]; expected 4 elements. Pass the shape that the data has.',
    );
  });
});

describe('hostArray', () => {
  it('wraps without copying', () => {
    const data = Float32Array.of(1, 2);
    const x = hostArray(data, [2], 'f32');
    data[0] = 5;
    expect(x.data[0]).toBe(5);
  });

  it('is told from other things', () => {
    expect([array(1), hostArray(new Int32Array(0), [0], 'i32')].map(isHostArray)).toEqual([true, true]);
    expect([1, null, undefined, [1], {}, new Float32Array(1), { kind: 'tensor' }].map(isHostArray)).toEqual(
      new Array(7).fill(false),
    );
  });
});

describe('toNested', () => {
  it('undoes array', () => {
    for (const nested of [3, [1, 2], [[1], [2]], [[], []], [], [[[1, 2]], [[3, 4]]], [true, false], true])
      expect(toNested(array(nested))).toEqual(nested);
  });
});
