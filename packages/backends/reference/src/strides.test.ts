import { describe, expect, it } from 'vitest';
import { broadcastStrides, denseStrides, offsets, walk } from './strides.ts';

describe('strides', () => {
  it('are row-major, and zero where broadcast', () => {
    expect(denseStrides([2, 3, 4])).toEqual([12, 4, 1]);
    expect(denseStrides([])).toEqual([]);
    expect(broadcastStrides([3, 1], [2, 3, 4])).toEqual([0, 1, 0]);
    expect(broadcastStrides([], [2])).toEqual([0]);
  });

  it('list offsets in row-major order', () => {
    expect([...offsets([2, 3], [10, 1], 5)]).toEqual([5, 6, 7, 15, 16, 17]);
    expect([...offsets([], [])]).toEqual([0]);
    expect([...offsets([2, 0], [1, 1])]).toEqual([]);
  });
});

describe('walk', () => {
  const dense = (shape: number[]) => ({ strides: denseStrides(shape) });

  it('joins axes that every operand runs through without a gap', () => {
    expect(walk([2, 3, 4], [dense([2, 3, 4]), dense([2, 3, 4])])).toMatchObject({ inner: 24, outer: 1, steps: [1, 1] });
    expect(walk([5, 4], [dense([5, 4]), { strides: [0, 0] }])).toMatchObject({ inner: 20, outer: 1, steps: [1, 0] });
  });

  it('ignores axes of extent 1', () => {
    expect(walk([3, 1, 4], [dense([3, 1, 4]), { strides: [4, 99, 1] }])).toMatchObject({ inner: 12, outer: 1 });
    expect(walk([], [dense([])])).toMatchObject({ inner: 1, outer: 1, steps: [0] });
  });

  it('walks the longer axis where rows are short', () => {
    const path = walk([20, 2], [dense([20, 2]), { strides: [0, 1] }]);
    expect(path).toMatchObject({ inner: 20, outer: 2, steps: [2, 0] });
    expect(path.starts.map((starts) => [...starts])).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it('visits each element once', () => {
    const shape = [3, 1, 2, 5];
    const { inner, outer, steps, starts } = walk(shape, [{ strides: [1, 0, 15, 3], offset: 7 }, dense(shape)]);
    const seen = new Map<number, number>();
    for (let r = 0; r < outer; r++) {
      for (let i = 0; i < inner; i++) seen.set(starts[1]![r]! + i * steps[1]!, starts[0]![r]! + i * steps[0]!);
    }
    const expected = [...offsets(shape, [1, 0, 15, 3], 7)];
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual(expected.map((_, i) => i));
    expect(expected.map((_, i) => seen.get(i))).toEqual(expected);
  });
});
