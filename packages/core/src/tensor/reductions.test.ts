import { describe, expect, it } from 'vitest';
import { bool, evaluate, expectClose, f32, f64, flatten, i32, refusal, uniform } from '../../test/support.ts';
import type { ReduceOptions, Tensor } from './tensor.ts';

const x = uniform(7, [2, 3, 4]);
const at = (i: number, j: number, k: number): number => x.data[i * 12 + j * 4 + k] as number;
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

type Reduction = readonly [
  name: string,
  of: (x: Tensor, options: ReduceOptions) => Tensor,
  expected: (xs: readonly number[]) => number,
];
const total = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const reductions: readonly Reduction[] = [
  ['sum', (t, o) => t.sum(o), total],
  ['mean', (t, o) => t.mean(o), (xs) => total(xs) / xs.length],
  ['max', (t, o) => t.max(o), (xs) => Math.max(...xs)],
  ['min', (t, o) => t.min(o), (xs) => Math.min(...xs)],
  ['logSumExp', (t, o) => t.logSumExp(o), (xs) => Math.log(total(xs.map(Math.exp)))],
];

describe('reductions', () => {
  it.each(reductions)('%s over all, one, several and no axes', async (_, of, expected) => {
    const all = await evaluate((t: Tensor) => of(t, {}), x);
    expectClose(all, expected([...x.data]));
    const last = await evaluate((t: Tensor) => of(t, { axes: -1 }), x);
    expectClose(
      last,
      range(2).map((i) => range(3).map((j) => expected(range(4).map((k) => at(i, j, k))))),
    );
    const outer = await evaluate((t: Tensor) => of(t, { axes: [2, 0] }), x);
    expectClose(
      outer,
      range(3).map((j) => expected(range(2).flatMap((i) => range(4).map((k) => at(i, j, k))))),
    );
    const none = await evaluate((t: Tensor) => of(t, { axes: [] }), x);
    expectClose(none, [...x.data]);
  });

  it.each(reductions)('%s keeps the reduced axes on demand', async (_, of) => {
    const kept = (await evaluate((t: Tensor) => of(t, { axes: [0, 2], keepDims: true }), x)) as number[][][];
    expect([kept.length, kept[0]?.length, kept[0]?.[0]?.length]).toEqual([1, 3, 1]);
    expect(flatten(kept)).toEqual(await evaluate((t: Tensor) => of(t, { axes: [0, 2] }), x));
  });

  it('of integers', async () => {
    expect(await evaluate((t: Tensor) => [t.sum(), t.max(), t.min()], i32([3, -5, 4]))).toEqual([2, 4, -5]);
  });

  it('a sum over an empty axis is 0', async () => {
    expect(await evaluate((t: Tensor) => t.slice([0, 0], [0, 2]).sum({ axes: 0 }), f64([[1, 2]]))).toEqual([0, 0]);
  });

  it('max and min are NaN where an element is', async () => {
    expect(
      await evaluate(
        (t: Tensor) => [t.max({ axes: 1 }), t.min({ axes: 1 })],
        f64([
          [1, NaN],
          [1, 2],
        ]),
      ),
    ).toEqual([
      [NaN, 2],
      [NaN, 1],
    ]);
  });

  it('logSumExp neither overflows nor loses −∞', async () => {
    const rows = f64([
      [1000, 1000],
      [-Infinity, 3],
      [-Infinity, -Infinity],
      [Infinity, 1],
    ]);
    expectClose(await evaluate((t: Tensor) => t.logSumExp({ axes: 1 }), rows), [
      1000 + Math.LN2,
      3,
      -Infinity,
      Infinity,
    ]);
  });

  it('all and any of booleans', async () => {
    const p = bool([
      [true, true],
      [true, false],
      [false, false],
    ]);
    const results = await evaluate(
      (t: Tensor) => [t.all({ axes: 1 }), t.any({ axes: 1 }), t.all(), t.any({ keepDims: true })],
      p,
    );
    expect(results).toEqual([[true, false, false], [true, true, false], false, [[true]]]);
  });

  it('argMax gives the first of the largest, as i32', async () => {
    const t = f64([
      [1, 3, 3],
      [5, 2, 5],
    ]);
    expect(await evaluate((y: Tensor) => [y.argMax(), y.argMax(0), y.argMax().add(i32(10))], t)).toEqual([
      [1, 0],
      [1, 0, 1],
      [11, 10],
    ]);
  });

  it('size counts the elements along axes in the dtype of the tensor', async () => {
    expect(await evaluate((t: Tensor) => [t.size(), t.size([0, -1]), t.size([])], x)).toEqual([24, 8, 1]);
    expect(await evaluate((t: Tensor) => t.size().div(2), f32([1, 2, 3]))).toBe(1.5);
  });
});

describe('along an axis', () => {
  it('softmax and logSoftmax', async () => {
    for (const axis of [0, 1, 2, -1]) {
      const [p, logp] = (await evaluate((t: Tensor) => [t.softmax(axis), t.logSoftmax(axis)], x)) as [unknown, unknown];
      expectClose(flatten(p).map(Math.log), logp, 1e-13);
      const expected = await evaluate((t: Tensor) => t.exp().div(t.exp().sum({ axes: axis, keepDims: true })), x);
      expectClose(p, expected, 1e-14);
    }
  });

  it('softmax does not overflow', async () => {
    expect(await evaluate((t: Tensor) => [t.softmax(), t.logSoftmax()], f64([0, 1000]))).toEqual([
      [0, 1],
      [-1000, 0],
    ]);
  });

  it('cumsum from either end', async () => {
    const t = i32([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const results = await evaluate((y: Tensor) => [y.cumsum(), y.cumsum(0), y.cumsum(1, { reverse: true })], t);
    expect(results).toEqual([
      [
        [1, 3, 6],
        [4, 9, 15],
      ],
      [
        [1, 2, 3],
        [5, 7, 9],
      ],
      [
        [6, 5, 3],
        [15, 11, 6],
      ],
    ]);
  });
});

describe('refusals', () => {
  it.each<readonly [(t: Tensor) => Tensor, string]>([
    [(t) => t.sum({ axes: 3 }), 'ShapeError: sum: axis 3 of a tensor with 3 axes; expected an integer in [-3, 3).'],
    [
      (t) => t.mean({ axes: 0.5 }),
      'ShapeError: mean: axis 0.5 of a tensor with 3 axes; expected an integer in [-3, 3).',
    ],
    [
      (t) => t.sum().max({ axes: 0 }),
      'ShapeError: max: axis 0 of a tensor with 0 axes; expected no axis: the tensor is a scalar.',
    ],
    [(t) => t.sum({ axes: [1, -2] }), 'ShapeError: sum: axis 1 is given twice. Name each axis once.'],
    [
      (t) => t.slice([0, 0, 0], [0, 3, 4]).mean({ axes: 0 }),
      'ShapeError: mean: an empty axis of f64[0,3,4]; expected at least one element to reduce. Check that the batch is not empty.',
    ],
    [
      (t) => t.slice([0, 0, 0], [0, 3, 4]).argMax(0),
      'ShapeError: argMax: an empty axis of f64[0,3,4]; expected at least one element to reduce. Check that the batch is not empty.',
    ],
    [(t) => t.cumsum(5), 'ShapeError: cumsum: axis 5 of a tensor with 3 axes; expected an integer in [-3, 3).'],
    [
      (t) => t.cast('i32').mean(),
      "DTypeError: mean: an operand is i32[2,3,4]; expected f32 or f64. Convert it with .cast('f32').",
    ],
  ])('%s', async (of, message) => {
    expect(await refusal(() => evaluate(of, x))).toBe(message);
  });
});
