import { describe, expect, it } from 'vitest';
import { evaluate, f64 } from '../../test/support.ts';
import { cond } from '../control/cond.ts';
import { concat, select } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { grad } from './vjp.ts';

/** The gradient of Σ f(x). */
const gradient = (f: (x: Tensor) => Tensor, x: number | readonly number[]): Promise<unknown> =>
  evaluate((t: Tensor) => grad((y: Tensor) => f(y).sum())(t), f64(x));

describe('what is not used touches no gradient', () => {
  it('an infinite derivative of a result that nobody uses', async () => {
    const f = (x: Tensor): Tensor => {
      x.sub(x).sqrt().add(x.log());
      return x.square();
    };
    expect(await gradient(f, [0, -1])).toEqual([0, -2]);
  });

  it('an infinite cotangent where select chose the other operand', async () => {
    // √ has slope ∞ at 0; the second element of x is not chosen.
    const f = (x: Tensor): Tensor => select(x.greater(0), x, 0).sqrt();
    expect(await gradient(f, [4, -1])).toEqual([0.25, 0]);
  });

  it('a NaN cotangent where select chose the other operand', async () => {
    const f = (x: Tensor): Tensor => select(x.greater(0), x, NaN).log();
    expect(await gradient(f, [4, -1])).toEqual([0.25, 0]);
  });

  it('a branch of cond that is not taken', async () => {
    const f = (x: Tensor): Tensor =>
      cond(
        x.greater(0),
        x,
        (y) => y.sqrt(),
        (y) => y.mul(0),
      );
    expect(await gradient(f, 0)).toEqual(0);
    expect(await gradient(f, 4)).toEqual(0.25);
  });

  it('guarding the argument inside and outside, as select computes both sides', async () => {
    const safe = (x: Tensor): Tensor => {
      const isPositive = x.greater(0);
      return select(isPositive, select(isPositive, x, 1).sqrt(), 0);
    };
    expect(await gradient(safe, [4, 0, -1])).toEqual([0.25, 0, 0]);
  });

  it('the cotangent of slices that others use', async () => {
    const f = (x: Tensor): Tensor => concat([x.slice([0], [1]).sqrt(), x.slice([1], [1])]);
    expect(await gradient(f, [0, 3])).toEqual([Infinity, 1]);
  });
});

describe('nothing is simplified that IEEE 754 does not allow', () => {
  it('x·0 is NaN for infinite x, in value and derivative', async () => {
    expect(await evaluate((x: Tensor) => x.mul(0), f64([Infinity, NaN, -1]))).toEqual([NaN, NaN, -0]);
    expect(await gradient((x) => x.mul(0), [Infinity, 2])).toEqual([0, 0]);
    expect(await gradient((x) => x.log().mul(0), [0, 2])).toEqual([NaN, 0]);
  });

  it('x − x and x / x of what is not finite', async () => {
    expect(await evaluate((x: Tensor) => [x.sub(x), x.div(x)], f64([Infinity, 0, 2]))).toEqual([
      [NaN, 0, 0],
      [NaN, NaN, 1],
    ]);
  });

  it('signed zeros', async () => {
    expect(await evaluate((x: Tensor) => [x.add(0), x.neg(), x.mul(-1), x.sub(0)], f64([0, -0]))).toEqual([
      [0, 0],
      [-0, 0],
      [-0, 0],
      [0, -0],
    ]);
    expect(await evaluate((x: Tensor) => x.reciprocal(), f64([0, -0]))).toEqual([Infinity, -Infinity]);
  });

  it('derivatives at infinity', async () => {
    expect(await gradient((x) => x.tanh().add(x.sigmoid()), [Infinity, -Infinity])).toEqual([0, 0]);
    expect(await gradient((x) => x.erf(), [Infinity, -Infinity, 1e200])).toEqual([0, 0, 0]);
    expect(await gradient((x) => x.exp(), [-Infinity, 1000])).toEqual([0, Infinity]);
    expect(await gradient((x) => x.softplus(), [-1000, 1000])).toEqual([0, 1]);
    expect(await gradient((x) => x.logSumExp(), [-Infinity, 0])).toEqual([0, 1]);
    expect(await gradient((x) => x.softmax().mul(constant(1, [2], 'f64').cumsum()), [0, 1000])).toEqual([-0, 0]);
  });
});
