import { describe, expect, it } from 'vitest';
import {
  bool,
  expectGradient,
  expectSecondGradient,
  f64,
  gradientsOf,
  i32,
  uniform,
  type TensorFunction,
} from '../../test/support.ts';
import { random } from '../random.ts';
import { concat, linearCombination, linearSolve, matmul, select, stack } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { applyOne } from '../tensor/trace.ts';

/** One to three axes of one to three elements. */
function someShape(seed: number): readonly number[] {
  const rng = random(seed);
  return Array.from({ length: 1 + rng.integer(3) }, () => 1 + rng.integer(3));
}

/** A shape that broadcasts to another: leading axes are left out, others stretched. */
function narrower(shape: readonly number[], seed: number): readonly number[] {
  const rng = random(seed);
  return shape.slice(rng.integer(shape.length + 1)).map((extent) => (rng.uniform() < 0.4 ? 1 : extent));
}

const first = ([x]: readonly Tensor[]): Tensor => x as Tensor;

const of1 =
  (f: (x: Tensor) => Tensor): TensorFunction =>
  (...xs) =>
    f(first(xs));

const of2 =
  (f: (a: Tensor, b: Tensor) => Tensor): TensorFunction =>
  (...xs) =>
    f(xs[0] as Tensor, xs[1] as Tensor);

const of3 =
  (f: (a: Tensor, b: Tensor, c: Tensor) => Tensor): TensorFunction =>
  (...xs) =>
    f(xs[0] as Tensor, xs[1] as Tensor, xs[2] as Tensor);

/** Bounds of the arguments: away from kinks and singularities by more than the differences step. */
type Range = readonly [low: number, high: number];

const all: Range = [-2, 2];

const positive: Range = [0.3, 2.5];

const unary: readonly (readonly [name: string, f: (x: Tensor) => Tensor, range: Range])[] = [
  ['neg', (x) => x.neg(), all],
  ['abs', (x) => x.abs(), positive],
  ['abs of negatives', (x) => x.neg().abs(), positive],
  ['sign', (x) => x.sign().mul(x), positive],
  ['exp', (x) => x.exp(), all],
  ['expm1', (x) => x.expm1(), all],
  ['log', (x) => x.log(), positive],
  ['log1p', (x) => x.log1p(), positive],
  ['sqrt', (x) => x.sqrt(), positive],
  ['sin', (x) => x.sin(), all],
  ['cos', (x) => x.cos(), all],
  ['tan', (x) => x.tan(), [-0.6, 0.6]],
  ['tanh', (x) => x.tanh(), all],
  ['sigmoid', (x) => x.sigmoid(), all],
  ['erf', (x) => x.erf(), all],
  ['softplus', (x) => x.softplus(), all],
  ['square', (x) => x.square(), all],
  ['reciprocal', (x) => x.reciprocal(), positive],
  ['pow 3', (x) => x.pow(3), all],
  ['pow −0.5', (x) => x.pow(-0.5), positive],
  ['floor', (x) => x.floor().add(x), [1.2, 1.8]],
  ['round', (x) => x.round().mul(x), [1.2, 1.4]],
  ['relu', (x) => x.relu(), positive],
];

const binary: readonly (readonly [name: string, f: (a: Tensor, b: Tensor) => Tensor, a: Range, b: Range])[] = [
  ['add', (a, b) => a.add(b), all, all],
  ['sub', (a, b) => a.sub(b), all, all],
  ['mul', (a, b) => a.mul(b), all, all],
  ['div', (a, b) => a.div(b), all, positive],
  ['rem', (a, b) => a.rem(b), [5.2, 5.8], [2.1, 2.4]],
  ['rem of negatives', (a, b) => a.neg().rem(b), [5.2, 5.8], [2.1, 2.4]],
  ['pow', (a, b) => a.pow(b), positive, all],
  ['maximum', (a, b) => a.maximum(b), [0, 1], [1.1, 2]],
  ['minimum', (a, b) => a.minimum(b), [0, 1], [1.1, 2]],
  ['atan2', (a, b) => a.atan2(b), positive, all],
];

describe('element-wise rules against central differences', () => {
  it.each(unary)('%s', async (_, f, [low, high]) => {
    for (const seed of [1, 2]) await expectGradient(of1(f), [uniform(seed, someShape(seed), low, high)]);
  });

  it.each(binary)('%s, operands broadcast', async (_, f, a, b) => {
    for (const seed of [3, 4, 5, 6]) {
      const shape = someShape(seed);
      const [wide, narrow] = [shape, narrower(shape, seed + 10)];
      const [left, right] = seed % 2 === 0 ? [wide, narrow] : [narrow, wide];
      await expectGradient(of2(f), [uniform(seed, left, ...a), uniform(seed + 50, right, ...b)]);
    }
  });

  it('operands that stretch each other', async () => {
    await expectGradient(
      of2((a, b) => a.mul(b).sin()),
      [uniform(1, [2, 1, 3]), uniform(2, [4, 1])],
    );
    await expectGradient(
      of2((a, b) => a.div(b)),
      [uniform(1, []), uniform(2, [2, 2], 0.5, 2)],
    );
  });

  it('one tensor as both operands', async () => {
    await expectGradient(
      of1((x) => x.mul(x).div(x.add(3)).sub(x)),
      [uniform(3, [4])],
    );
    await expectGradient(
      of1((x) => x.pow(x)),
      [uniform(3, [4], 0.5, 2)],
    );
  });

  it('select, its condition broadcast', async () => {
    const condition = bool([[true], [false]]);
    await expectGradient(
      of2((a, b) => select(constant(1, [], 'f64').less(2), a, b)),
      [uniform(1, [2]), uniform(2, [2])],
    );
    await expectGradient(
      of2((a, b) =>
        select(
          a
            .sum()
            .greater(100)
            .or(condition as unknown as Tensor),
          a,
          b,
        ),
      ),
      [uniform(1, [3]), uniform(2, [])],
    );
  });

  it('cast between floats', async () => {
    const [gradient] = await gradientsOf(
      of1((x) => x.cast('f32').mul(3).cast('f64').sum()),
      f64([1, 2]),
    );
    expect(gradient).toEqual([3, 3]);
  });
});

describe('rules of reductions and movement against central differences', () => {
  const axes: readonly (number | readonly number[] | undefined)[] = [undefined, 0, -1, [0, 2], []];
  const reductions: readonly (readonly [string, (x: Tensor, o: object) => Tensor])[] = [
    ['sum', (x, o) => x.sum(o)],
    ['mean', (x, o) => x.mean(o)],
    ['max', (x, o) => x.max(o)],
    ['min', (x, o) => x.min(o)],
    ['logSumExp', (x, o) => x.logSumExp(o)],
  ];
  it.each(reductions)('%s', async (_, f) => {
    for (const axis of axes) {
      for (const keepDims of [false, true]) {
        const options = axis === undefined ? { keepDims } : { axes: axis, keepDims };
        await expectGradient(
          of1((x) => f(x, options).square()),
          [uniform(8, [2, 3, 2])],
        );
      }
    }
  });

  const moves: readonly (readonly [string, (x: Tensor) => Tensor])[] = [
    ['reshape', (x) => x.reshape([3, 4])],
    ['broadcastTo', (x) => x.broadcastTo([5, 2, 3, 2])],
    ['transpose', (x) => x.transpose([2, 0, 1])],
    ['slice', (x) => x.slice([0, 1, 1], [2, 2, 1])],
    ['slice to nothing', (x) => x.slice([0, 1, 1], [2, 0, 1]).sum().add(x)],
    ['pad', (x) => x.pad([1, 0, 2], [0, 1, 0], 7)],
    ['at', (x) => x.at(-1)],
    [
      'gather with repeated indices',
      (x) =>
        x.gather(
          i32([
            [2, 0],
            [2, 2],
          ]),
          1,
        ),
    ],
    ['scatterAdd with repeated indices', (x) => x.scatterAdd(i32([4, 0, 4]), 5, 1)],
    ['setRow by a row', (x) => x.setRow(1, x.at(0).square())],
    ['setRow by a number', (x) => x.setRow(0, 3)],
    ['concat with itself', (x) => concat([x, x.square(), x], 1)],
    ['stack', (x) => stack([x, x.exp()], -1)],
    ['softmax', (x) => x.softmax(1)],
    ['logSoftmax', (x) => x.logSoftmax(0)],
    ['cumsum', (x) => x.cumsum(1)],
    ['cumsum from the end', (x) => x.cumsum(0, { reverse: true })],
    ['size', (x) => x.div(x.size([0, 1]))],
  ];
  it.each(moves)('%s', async (_, f) => {
    await expectGradient(
      of1((x) => f(x).square()),
      [uniform(9, [2, 3, 2])],
    );
  });

  it('matmul, transposed or not, leading axes broadcast', async () => {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const a = transposeA ? [3, 2] : [2, 3];
        const b = transposeB ? [4, 3] : [3, 4];
        const f = of2((x, y) => x.matmul(y, { transposeA, transposeB }));
        await expectGradient(f, [uniform(1, a), uniform(2, b)]);
        await expectGradient(f, [uniform(1, [2, 1, ...a]), uniform(2, [3, ...b])]);
      }
    }
    await expectGradient(
      of1((x) => matmul(x, x)),
      [uniform(3, [2, 2])],
    );
  });

  it('linearSolve, transposed or not, leading axes broadcast, a vector', async () => {
    for (const transposeA of [false, true]) {
      // Far from singular, and in need of pivoting.
      const f = of2((a, b) => linearSolve(a.add(f64([[0, 4, 0], [0, 0, 4], [4, 0, 0]])), b, { transposeA })); // prettier-ignore
      await expectGradient(f, [uniform(1, [3, 3]), uniform(2, [3])]);
      await expectGradient(f, [uniform(1, [2, 1, 3, 3]), uniform(2, [4, 3, 2])]);
    }
    await expectGradient(
      of1((x) => linearSolve(x.add(f64([[0, 4], [4, 0]])), x.square())), // prettier-ignore
      [uniform(3, [2, 2])],
    );
  });

  it('linearCombination, weights scalar or one a sample', async () => {
    const f = of3((h, w, x) => linearCombination([1, h, w, 0.5], [x, x.square(), x.sin(), x], [1, 2, -1, 3]));
    await expectGradient(f, [uniform(1, []), uniform(2, [2]), uniform(3, [2, 3])]);
  });

  it('errorNorm', async () => {
    const f = of3((e, y, z) =>
      applyOne('errorNorm', [e, y, z, constant(0.1, [], 'f64'), constant(0.01, [3], 'f64')], {}),
    );
    await expectGradient(f, [uniform(1, [2, 3]), uniform(2, [2, 3], 1, 2), uniform(3, [2, 3], 3, 4)], {
      tolerance: 1e-8,
    });
  });
});

describe('second derivatives against central differences of the first', () => {
  it.each(unary)('%s', async (_, f, [low, high]) => {
    await expectSecondGradient(
      of1((x) => f(x).mul(x)),
      [uniform(11, [3], low, high)],
      { tolerance: 1e-8 },
    );
  });

  it.each(binary)('%s', async (_, f, a, b) => {
    await expectSecondGradient(
      of2((x, y) => f(x, y).square()),
      [uniform(1, [2, 1], ...a), uniform(2, [3], ...b)],
      {
        tolerance: 1e-8,
      },
    );
  });

  const composed: readonly (readonly [string, (x: Tensor) => Tensor])[] = [
    ['softmax', (x) => x.softmax(1)],
    ['logSoftmax', (x) => x.logSoftmax(0)],
    ['logSumExp', (x) => x.logSumExp({ axes: 1 })],
    ['mean', (x) => x.mean({ axes: 0 }).square()],
    ['max', (x) => x.max({ axes: 1 }).square()],
    ['matmul', (x) => x.matmul(x, { transposeB: true })],
    ['gather', (x) => x.gather(i32([1, 1]), 0).exp()],
    ['scatterAdd', (x) => x.scatterAdd(i32([1, 1]), 3).exp()],
    ['setRow', (x) => x.setRow(0, x.at(1).square()).square()],
    ['cumsum', (x) => x.cumsum(0).square()],
    ['slice, pad, transpose', (x) => x.slice([0, 1], [2, 2]).pad([1, 0], [0, 1], 2).transpose().square()],
    ['linearCombination', (x) => linearCombination([x.sum(), x.at(0).sum()], [x, x.square()])],
    ['linearSolve', (x) => linearSolve(x.matmul(x, { transposeB: true }), x)],
  ];
  it.each(composed)('%s', async (_, f) => {
    await expectSecondGradient(of1(f), [uniform(5, [2, 3])], { tolerance: 1e-8 });
  });
});
