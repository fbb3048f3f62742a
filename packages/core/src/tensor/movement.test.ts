import { describe, expect, it } from 'vitest';
import { evaluate, expectClose, f64, flatten, i32, refusal, uniform } from '../../test/support.ts';
import { arange, concat, linearCombination, matmul, onesLike, stack, zerosLike } from './functions.ts';
import { constant, type Tensor } from './tensor.ts';

const grid = f64([
  [1, 2, 3],
  [4, 5, 6],
]);

describe('making', () => {
  it('constants, zeros, ones and ranges', async () => {
    const made = await evaluate(
      (x: Tensor) => [
        constant(2.5, [2], 'f64'),
        constant(true),
        zerosLike(x),
        onesLike(x),
        arange(3),
        arange(3, 'f64').div(2),
      ],
      grid,
    );
    expect(made).toEqual([
      [2.5, 2.5],
      true,
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
      [
        [1, 1, 1],
        [1, 1, 1],
      ],
      [0, 1, 2],
      [0, 0.5, 1],
    ]);
  });
});

describe('shape', () => {
  it('reshape, one extent left open', async () => {
    expect(await evaluate((x: Tensor) => [x.reshape([3, 2]), x.reshape([-1])], grid)).toEqual([
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      [1, 2, 3, 4, 5, 6],
    ]);
  });

  it('expandDims and squeeze undo each other at every axis', async () => {
    for (const axis of [0, 1, 2, -1, -2, -3]) {
      expect(await evaluate((x: Tensor) => x.expandDims(axis).squeeze(axis), grid)).toEqual([
        [1, 2, 3],
        [4, 5, 6],
      ]);
    }
    expect(constant(0, [2, 3]).expandDims(-1).shape).toEqual([2, 3, 1]);
    expect(constant(0, [2, 3]).expandDims(1).shape).toEqual([2, 1, 3]);
  });

  it('broadcastTo repeats', async () => {
    expect(await evaluate((x: Tensor) => x.broadcastTo([2, 2]), f64([[1], [2]]))).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('transpose reverses the axes or permutes them', async () => {
    const x = uniform(1, [2, 3, 4]);
    const [reversed, permuted] = await evaluate((t: Tensor) => [t.transpose(), t.transpose([1, -1, 0])] as const, x);
    const y = (i: number, j: number, k: number): number => x.data[i * 12 + j * 4 + k] as number;
    const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
    expect(reversed).toEqual(range(4).map((k) => range(3).map((j) => range(2).map((i) => y(i, j, k)))));
    expect(permuted).toEqual(range(3).map((j) => range(4).map((k) => range(2).map((i) => y(i, j, k)))));
  });
});

describe('parts', () => {
  it('slice', async () => {
    expect(
      await evaluate(
        (x: Tensor) => [x.slice([0, 1], [2, 2]), x.slice([1, 1], [-1, -1]), x.slice([2, 0], [0, 3])],
        grid,
      ),
    ).toEqual([
      [
        [2, 3],
        [5, 6],
      ],
      [[5, 6]],
      [],
    ]);
  });

  it('pad', async () => {
    expect(await evaluate((x: Tensor) => x.pad([1, 0], [0, 1], -1), f64([[1, 2]]))).toEqual([
      [-1, -1, -1],
      [1, 2, -1],
    ]);
  });

  it('at, by a number from either end or by a tensor', async () => {
    expect(await evaluate((x: Tensor, i: Tensor) => [x.at(0), x.at(-1), x.at(i)], grid, i32(1))).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [4, 5, 6],
    ]);
  });

  it('gather replaces an axis by the shape of the indices', async () => {
    const indices = i32([
      [2, 0],
      [1, 1],
    ]);
    expect(
      await evaluate((x: Tensor, i: Tensor) => [x.gather(i, 1), x.gather(i32([1]))] as const, grid, indices),
    ).toEqual([
      [
        [
          [3, 1],
          [2, 2],
        ],
        [
          [6, 4],
          [5, 5],
        ],
      ],
      [[4, 5, 6]],
    ]);
  });

  it('an index outside its axis is an error when the graph runs', async () => {
    expect(await refusal(() => evaluate((x: Tensor, i: Tensor) => x.gather(i), grid, i32(2)))).toMatch(
      /^ExecutionError: gather/,
    );
  });

  it('setRow replaces one row, also by a number', async () => {
    const rows = await evaluate(
      (x: Tensor, i: Tensor) => [x.setRow(0, f64([7, 8, 9])), x.setRow(i, 0), x.at(0)],
      grid,
      i32(1),
    );
    expect(rows).toEqual([
      [
        [7, 8, 9],
        [4, 5, 6],
      ],
      [
        [1, 2, 3],
        [0, 0, 0],
      ],
      [1, 2, 3],
    ]);
  });

  it('scatterAdd adds updates that share an index', async () => {
    expect(await evaluate((x: Tensor) => x.scatterAdd(i32([3, 1, 3]), 4, 1), grid)).toEqual([
      [0, 2, 0, 4],
      [0, 5, 0, 10],
    ]);
  });
});

describe('joining', () => {
  it('concat along any axis, with host arrays', async () => {
    expect(await evaluate((x: Tensor) => [concat([x, f64([[7, 8, 9]])]), concat([x, x], -1)], grid)).toEqual([
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
      ],
      [
        [1, 2, 3, 1, 2, 3],
        [4, 5, 6, 4, 5, 6],
      ],
    ]);
  });

  it('stack adds an axis, anywhere', async () => {
    const x = f64([1, 2]);
    expect(
      await evaluate(
        (t: Tensor) => [stack([t, t.neg()]), stack([t, t.neg()], 1), stack([t, t.neg()], -1), stack([t.sum(), 5])],
        x,
      ),
    ).toEqual([
      [
        [1, 2],
        [-1, -2],
      ],
      [
        [1, -1],
        [2, -2],
      ],
      [
        [1, -1],
        [2, -2],
      ],
      [3, 5],
    ]);
  });
});

/** Rows times columns of the last two axes. */
const product = (a: number[][], b: number[][]): number[][] =>
  a.map((row) => (b[0] ?? []).map((_, j) => row.reduce((sum, x, i) => sum + x * ((b[i] as number[])[j] as number), 0)));

describe('matmul', () => {
  const [a, b] = [uniform(1, [2, 3]), uniform(2, [3, 4])];
  const rows = (x: { readonly shape: readonly number[]; readonly data: ArrayLike<number> }): number[][] =>
    Array.from({ length: x.shape[0] ?? 0 }, (_, i) =>
      Array.from({ length: x.shape[1] ?? 0 }, (_, j) => x.data[i * (x.shape[1] ?? 0) + j] as number),
    );

  it('is rows times columns, operands read transposed on demand', async () => {
    const expected = product(rows(a), rows(b));
    const results = await evaluate(
      (x: Tensor, y: Tensor) => [
        x.matmul(y),
        x.transpose().matmul(y, { transposeA: true }),
        x.matmul(y.transpose(), { transposeB: true }),
        x.transpose().matmul(y.transpose(), { transposeA: true, transposeB: true }),
        matmul(a, y),
      ],
      a,
      b,
    );
    for (const result of results) expectClose(result, expected, 1e-15);
  });

  it('broadcasts the leading axes', async () => {
    const [x, y] = [uniform(3, [2, 1, 2, 3]), uniform(4, [3, 3, 2])];
    const result = (await evaluate((s: Tensor, t: Tensor) => s.matmul(t), x, y)) as number[][][][];
    expect([result.length, result[0]?.length]).toEqual([2, 3]);
    for (const i of [0, 1]) {
      for (const j of [0, 1, 2]) {
        const left = rows({ shape: [2, 3], data: x.data.slice(i * 6, i * 6 + 6) });
        const right = rows({ shape: [3, 2], data: y.data.slice(j * 6, j * 6 + 6) });
        expectClose(result[i]?.[j], product(left, right), 1e-15);
      }
    }
  });
});

describe('linearCombination', () => {
  it('sums weighted terms', async () => {
    const result = await evaluate(
      (h: Tensor, x: Tensor) => linearCombination([1, h, h], [x, x.neg(), x.square()], [1, 0.5, 2]),
      3,
      f64([1, 2]),
    );
    expect(result).toEqual([1 - 1.5 + 6, 2 - 3 + 24]);
  });

  it('one weight for each sample', async () => {
    const result = await evaluate((h: Tensor, x: Tensor) => linearCombination([h], [x]), f64([10, 100]), grid);
    expect(result).toEqual([
      [10, 20, 30],
      [400, 500, 600],
    ]);
  });

  it('leaves out terms whose coefficient is 0: infinite ones do not matter', async () => {
    const result = await evaluate(
      (h: Tensor, x: Tensor) => linearCombination([1, h], [x, x.div(0)], [1, 0]),
      1,
      f64([1]),
    );
    expect(result).toEqual([1]);
    expect(flatten(await evaluate((x: Tensor) => linearCombination([x], [x], [0]), 3))).toEqual([0]);
  });
});
