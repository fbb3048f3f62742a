import type { HostArray } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { build, evaluate, F32, F64, apply, f64, range, results } from '../test/builder.ts';

const plain = { transposeA: false, transposeB: false };

describe('matmul', () => {
  it('multiplies matrices', () => {
    const [a, b] = [
      F64([
        [1, 2],
        [3, 4],
      ]),
      F64([
        [5, 6],
        [7, 8],
      ]),
    ];
    expect(apply('matmul', [a, b], plain)).toEqual([
      [19, 22],
      [43, 50],
    ]);
    expect(apply('matmul', [a, b], { transposeA: true, transposeB: false })).toEqual([
      [26, 30],
      [38, 44],
    ]);
    expect(apply('matmul', [a, b], { transposeA: false, transposeB: true })).toEqual([
      [17, 23],
      [39, 53],
    ]);
    expect(apply('matmul', [a, b], { transposeA: true, transposeB: true })).toEqual([
      [23, 31],
      [34, 46],
    ]);
  });

  /** The definition, element by element, for one matrix of a batch. */
  function product(a: HostArray, b: HostArray, m: number, k: number, n: number, ta: boolean, tb: boolean): number[] {
    return Array.from({ length: m * n }, (_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      let sum = 0;
      for (let l = 0; l < k; l++) sum += a.data[ta ? l * m + i : i * k + l]! * b.data[tb ? j * k + l : l * n + j]!;
      return sum;
    });
  }

  const sizes = [
    [1, 1, 1],
    [2, 3, 4],
    [5, 4, 3],
    [3, 7, 9],
    [20, 2, 50],
    [20, 50, 2],
    [2, 0, 5],
    [0, 3, 5],
    [3, 2, 0],
  ] as const;
  const cases = sizes.flatMap((size) =>
    [false, true].flatMap((ta) => [false, true].map((tb) => [...size, ta, tb] as const)),
  );

  it.each(cases)('%d×%d·%d, transposed %s and %s, is its definition', (m, k, n, ta, tb) => {
    for (const dtype of ['f64', 'f32'] as const) {
      const a = range(dtype, ...(ta ? [k, m] : [m, k]));
      const b = range(dtype, ...(tb ? [n, k] : [k, n]));
      const graph = build(
        'g',
        [a, b].map(({ shape }) => ({ kind: 'tensor' as const, shape, dtype })),
        (g, x, y) => [g.one('matmul', [x!, y!], { transposeA: ta, transposeB: tb })],
      );
      const [out] = evaluate(graph, [a, b]).outputs;
      expect(out!.shape).toEqual([m, n]);
      expect([...out!.data]).toEqual(product(a, b, m, k, n, ta, tb));
    }
  });

  it('broadcasts leading axes', () => {
    const a = range('f64', 2, 1, 1, 2); // two batches of one row
    const b = range('f64', 3, 2, 1); // three batches of one column
    expect(apply('matmul', [a, b], plain)).toEqual([
      [[[1]], [[3]], [[5]]],
      [[[3]], [[13]], [[23]]],
    ]);
    const c = range('f64', 2, 2, 2);
    const d = F64([
      [1, 0, 1, 0, 2],
      [0, 1, 1, 0, 3],
    ]);
    expect(apply('matmul', [c, d], plain)).toEqual([
      [
        [0, 1, 1, 0, 3],
        [2, 3, 5, 0, 13],
      ],
      [
        [4, 5, 9, 0, 23],
        [6, 7, 13, 0, 33],
      ],
    ]);
    expect(apply('matmul', [d, c], { transposeA: true, transposeB: false })).toEqual(
      [0, 4].map((s) => [
        [s, s + 1],
        [s + 2, s + 3],
        [2 * s + 2, 2 * s + 4],
        [0, 0],
        [5 * s + 6, 5 * s + 11],
      ]),
    );
  });

  it('accumulates f32 in double precision', () => {
    const row = F32([[2 ** 24, 1, 1, 1, 1, 1]]);
    const ones = (n: number) => F32(new Array(6 * n).fill(1), [6, n]);
    expect(apply('matmul', [row, ones(1)], plain)).toEqual([[2 ** 24 + 5].map(Math.fround)]);
    expect(apply('matmul', [row, ones(8)], plain)).toEqual([new Array(8).fill(Math.fround(2 ** 24 + 5))]);
  });

  it('does not skip zeros: 0·∞ and 0·NaN are NaN', () => {
    const zero = F64([[0, 0, 0, 0, 0]]);
    const right = (n: number) =>
      F64(
        new Array(5 * n).fill(0).map((_, i) => (i === 0 ? Infinity : 1)),
        [5, n],
      );
    expect(apply('matmul', [zero, right(1)], plain)).toEqual([[NaN]]);
    expect(apply('matmul', [zero, right(5)], plain)).toEqual([[NaN, 0, 0, 0, 0]]);
  });

  it('squares one value', () => {
    const graph = build('g', [f64(2, 2)], (g, x) => [g.one('matmul', [x!, x!], plain)]);
    expect(
      results(graph, [
        F64([
          [1, 1],
          [0, 1],
        ]),
      ]),
    ).toEqual([
      [
        [1, 2],
        [0, 1],
      ],
    ]);
  });
});
