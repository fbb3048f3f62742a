import { describe, expect, it } from 'vitest';
import { apply, build, evaluate, F32, F64, f64, range } from '../test/builder.ts';

const plain = { transposeA: false };

describe('linearSolve', () => {
  it('solves several right-hand sides, transposed or not', () => {
    const [a, b] = [F64([[0, 2], [4, 1]]), F64([[2, 4], [5, 10]])]; // prettier-ignore
    expect(apply('linearSolve', [a, b], plain)).toEqual([[1, 2], [1, 2]]); // prettier-ignore
    expect(apply('linearSolve', [a, b], { transposeA: true })).toEqual([[2.25, 4.5], [0.5, 1]]); // prettier-ignore
  });

  it('broadcasts leading axes', () => {
    const a = F64([[[2, 0], [0, 4]], [[0, 1], [1, 0]]], [2, 1, 2, 2]); // prettier-ignore
    expect(apply('linearSolve', [a, range('f64', 2, 2, 1)], plain)).toEqual([
      [[[0], [0.25]], [[1], [0.75]]],
      [[[1], [0]], [[3], [2]]],
    ]); // prettier-ignore
  });

  it('rounds f32 once, at the end', () => {
    // In single precision the second pivot would be 0.
    const third = Math.fround(1 / 3);
    const second = 1 / (third - 1 / 3);
    const a = F32([[3, 1], [1, third]]); // prettier-ignore
    expect(apply('linearSolve', [a, F32([[0], [1]])], plain)).toEqual(
      [-second / 3, second].map((x) => [Math.fround(x)]),
    );
  });

  it('gives NaN where a pivot is zero or not finite, for that matrix alone', () => {
    const a = F64([[[1, 2], [2, 4]], [[NaN, 1], [1, 1]], [[1, Infinity], [1, 1]], [[1, 0], [0, 2]]]); // prettier-ignore
    const x = apply('linearSolve', [a, F64([[1], [1]])], plain); // prettier-ignore
    expect(x).toEqual([[[NaN], [NaN]], [[NaN], [NaN]], [[NaN], [NaN]], [[1], [0.5]]]); // prettier-ignore
  });

  it('is empty for empty operands', () => {
    expect(apply('linearSolve', [F64([], [0, 0]), F64([], [0, 2])], plain)).toEqual([]);
    expect(apply('linearSolve', [F64([[1]]), F64([], [1, 0])], plain)).toEqual([[]]);
  });

  it('leaves nothing alive behind', () => {
    const graph = build('g', [f64(2, 2), f64(2, 1)], (g, a, b) => [g.one('linearSolve', [a!, b!], plain)]);
    const inputs = [F64([[1, 0], [0, 2]]), F64([[1], [1]])]; // prettier-ignore
    // The operands, the result, and a copy of the operands to work on.
    expect(evaluate(graph, inputs).counters.peakBytes).toBe(48 + 16 + 48);
  });
});
