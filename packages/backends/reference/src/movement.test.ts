import { describe, expect, it } from 'vitest';
import { apply, Bool, build, evaluate, F32, F64, f64, I32, i32, range, results } from '../test/builder.ts';

describe('what depends on nothing', () => {
  it('makes constants of every dtype', () => {
    expect(apply('constant', [], { value: 0.1, shape: [], dtype: 'f32' })).toBe(Math.fround(0.1));
    expect(apply('constant', [], { value: -1.5, shape: [2, 2], dtype: 'f64' })).toEqual([
      [-1.5, -1.5],
      [-1.5, -1.5],
    ]);
    expect(apply('constant', [], { value: 7, shape: [3], dtype: 'i32' })).toEqual([7, 7, 7]);
    expect(apply('constant', [], { value: 1, shape: [2], dtype: 'bool' })).toEqual([true, true]);
    expect(apply('constant', [], { value: 1, shape: [0, 2], dtype: 'f32' })).toEqual([]);
    expect(apply('constant', [], { value: 2, shape: [1000], dtype: 'f32' })).toEqual(new Array(1000).fill(2));
  });

  it('counts along an axis', () => {
    const rows = [
      [0, 0, 0],
      [1, 1, 1],
    ];
    expect(apply('iota', [], { shape: [2, 3], axis: 0, dtype: 'i32' })).toEqual(rows);
    expect(apply('iota', [], { shape: [2, 3], axis: 1, dtype: 'f32' })).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
    expect(apply('iota', [], { shape: [40], axis: 0, dtype: 'f64' })).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  it('gives sizes', () => {
    expect(apply('size', [range('f32', 2, 3, 4)], { axes: [0, 2] })).toBe(8);
    expect(apply('size', [range('i32', 2, 3)], { axes: [] })).toBe(1);
    expect(apply('size', [range('f64', 2, 0)], { axes: [0, 1] })).toBe(0);
  });
});

describe('reshapes and copies', () => {
  it('reshapes', () => {
    expect(apply('reshape', [range('f32', 2, 3)], { shape: [3, 2] })).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect(apply('reshape', [F64([[5]])], { shape: [] })).toBe(5);
  });

  it('broadcasts', () => {
    expect(apply('broadcastTo', [F32(3)], { shape: [2, 2] })).toEqual([
      [3, 3],
      [3, 3],
    ]);
    expect(apply('broadcastTo', [F64([[1], [2]])], { shape: [2, 2, 3] })).toEqual([
      [
        [1, 1, 1],
        [2, 2, 2],
      ],
      [
        [1, 1, 1],
        [2, 2, 2],
      ],
    ]);
    expect(apply('broadcastTo', [F64([1, 2])], { shape: [1, 2] })).toEqual([[1, 2]]);
    expect(apply('broadcastTo', [F64([[1]])], { shape: [0, 1] })).toEqual([]);
  });

  it('transposes', () => {
    expect(apply('transpose', [range('f32', 2, 3)], { perm: [1, 0] })).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(apply('transpose', [range('i32', 2, 2, 3)], { perm: [2, 0, 1] })).toEqual([
      [
        [0, 3],
        [6, 9],
      ],
      [
        [1, 4],
        [7, 10],
      ],
      [
        [2, 5],
        [8, 11],
      ],
    ]);
    expect(apply('transpose', [range('f64', 2, 1, 2)], { perm: [1, 0, 2] })).toEqual([
      [
        [0, 1],
        [2, 3],
      ],
    ]);
    // A square tensor transposed is not itself, though it has its strides' extents.
    expect(apply('transpose', [range('f64', 2, 2)], { perm: [1, 0] })).toEqual([
      [0, 2],
      [1, 3],
    ]);
  });

  it('slices', () => {
    const x = range('f64', 3, 4);
    expect(apply('slice', [x], { starts: [1, 1], sizes: [2, 2] })).toEqual([
      [5, 6],
      [9, 10],
    ]);
    expect(apply('slice', [x], { starts: [0, 0], sizes: [3, 4] })).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9, 10, 11],
    ]);
    expect(apply('slice', [x], { starts: [2, 0], sizes: [1, 4] })).toEqual([[8, 9, 10, 11]]);
    expect(apply('slice', [x], { starts: [3, 0], sizes: [0, 4] })).toEqual([]);
    expect(apply('slice', [Bool([true, false])], { starts: [1], sizes: [1] })).toEqual([false]);
  });

  it('pads', () => {
    expect(apply('pad', [F32([[1, 2]])], { before: [1, 0], after: [0, 2], value: 9 })).toEqual([
      [9, 9, 9, 9],
      [1, 2, 9, 9],
    ]);
    expect(apply('pad', [F32([], [0])], { before: [1], after: [1], value: -1 })).toEqual([-1, -1]);
    expect(apply('pad', [F32(5)], { before: [], after: [], value: 0 })).toBe(5);
  });

  it('concatenates', () => {
    const [a, b] = [range('f64', 2, 2), range('f64', 2, 1)];
    expect(apply('concat', [a, b], { axis: 1 })).toEqual([
      [0, 1, 0],
      [2, 3, 1],
    ]);
    expect(apply('concat', [I32([1]), I32([], [0]), I32([2, 3])], { axis: 0 })).toEqual([1, 2, 3]);
    expect(apply('concat', [a], { axis: 0 })).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(apply('concat', [a, a], { axis: 0 })).toEqual([
      [0, 1],
      [2, 3],
      [0, 1],
      [2, 3],
    ]);
  });
});

describe('indexing', () => {
  it('gathers along any axis with indices of any rank', () => {
    const x = range('f64', 3, 2);
    expect(apply('gather', [x, I32([2, 0, 2])], { axis: 0 })).toEqual([
      [4, 5],
      [0, 1],
      [4, 5],
    ]);
    expect(apply('gather', [x, I32(1)], { axis: 0 })).toEqual([2, 3]);
    expect(apply('gather', [x, I32([[1, 0]])], { axis: 1 })).toEqual([[[1, 0]], [[3, 2]], [[5, 4]]]);
    expect(apply('gather', [Bool([true, false]), I32([1, 1])], { axis: 0 })).toEqual([false, false]);
    expect(apply('gather', [x, I32([], [0])], { axis: 0 })).toEqual([]);
  });

  it.each([-1, 3])('refuses to gather at %d', (index) => {
    expect(() => apply('gather', [range('f64', 3, 2), I32([0, index])], { axis: 0 })).toThrow(
      `gather: index ${index} along an axis of 3 elements; expected 0 … 2.`,
    );
  });

  it('refuses any index of an empty axis', () => {
    expect(() => apply('gather', [F64([], [0]), I32([0])], { axis: 0 })).toThrow('the axis is empty');
  });

  it('replaces a row', () => {
    const x = range('f32', 3, 2);
    expect(apply('setRow', [x, I32(1), F32([8, 9])])).toEqual([
      [0, 1],
      [8, 9],
      [4, 5],
    ]);
    expect(apply('setRow', [range('i32', 2), I32(1), I32(7)])).toEqual([0, 7]);
    expect(() => apply('setRow', [x, I32(3), F32([8, 9])])).toThrow('setRow: index 3 along an axis of 3 elements');
  });

  it('replaces a row of a value that is used again without changing it', () => {
    const graph = build('g', [f64(2), i32(), f64()], (g, x, i, row) => {
      const y = g.one('neg', [x!]);
      const first = g.one('setRow', [y, i!, row!]);
      const second = g.one('setRow', [first, g.constant(0, 'i32'), row!]);
      return [y, first, second, g.one('setRow', [y, g.constant(0, 'i32'), row!])];
    });
    expect(results(graph, [F64([1, 2]), I32(1), F64(9)])).toEqual([
      [-1, -2],
      [-1, 9],
      [9, 9],
      [9, -2],
    ]);
  });

  it('replaces a row where the buffer is, once nobody else has it', () => {
    const graph = build('g', [f64(1000), f64()], (g, x, row) => {
      const y = g.one('neg', [x!]);
      return [g.one('setRow', [g.one('setRow', [y, g.constant(0, 'i32'), row!]), g.constant(1, 'i32'), row!])];
    });
    const { outputs, counters } = evaluate(graph, [range('f64', 1000), F64(5)]);
    expect([...outputs[0]!.data.slice(0, 3)]).toEqual([5, 5, -2]);
    // The input, the row, two indices, and one buffer for the negation and both rows.
    expect(counters.peakBytes).toBe(8000 + 8 + 8 + 8000);
  });
});
