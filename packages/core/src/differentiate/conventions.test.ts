import { describe, expect, it } from 'vitest';
import { evaluate, expectClose, f64, gradientsOf, type TensorFunction } from '../../test/support.ts';
import { stopGradient } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { jvp } from './jvp.ts';
import { grad } from './vjp.ts';

const of2 =
  (f: (a: Tensor, b: Tensor) => Tensor): TensorFunction =>
  (...xs) =>
    f(xs[0] as Tensor, xs[1] as Tensor);

describe('chosen derivatives', () => {
  /** The gradient of Σ f(x) by reverse mode, which forward mode along each axis must equal. */
  const derivative = async (f: (x: Tensor) => Tensor, xs: readonly number[]): Promise<unknown> => {
    const total = (x: Tensor): Tensor => f(x).sum();
    const { reverse, forward } = await evaluate(
      (x: Tensor, axes: readonly Tensor[]) => ({
        reverse: grad(total)(x),
        forward: axes.map((axis) => jvp(total, x, axis).tangent),
      }),
      f64(xs),
      xs.map((_, i) => f64(xs.map((_x, k) => (i === k ? 1 : 0)))),
    );
    expectClose(forward, reverse, 1e-15);
    return reverse;
  };

  it('at a tie of maximum and minimum the second operand has the derivative', async () => {
    const [a, b] = await gradientsOf(
      of2((x, y) => x.maximum(y).add(x.minimum(y).mul(10)).sum()),
      f64([1]),
      f64([1]),
    );
    expect([a, b]).toEqual([[0], [11]]);
    expect(await derivative((x) => x.relu(), [-1, 0, 1])).toEqual([0, 0, 1]);
  });

  it('ties of max and min share it equally', async () => {
    expect(await derivative((x) => x.max(), [3, 1, 3, 3])).toEqual([1 / 3, 0, 1 / 3, 1 / 3]);
    expect(await derivative((x) => x.min(), [3, 1, 1, 3])).toEqual([0, 0.5, 0.5, 0]);
  });

  it('abs and sign have derivative 0 at 0, rounding everywhere', async () => {
    expect(await derivative((x) => x.abs(), [-2, 0, 2])).toEqual([-1, 0, 1]);
    const steps = (x: Tensor): Tensor => x.sign().add(x.floor()).add(x.ceil()).add(x.round());
    expect(await derivative(steps, [-0.7, 0, 0.2])).toEqual([0, 0, 0]);
  });

  it('powers of 0', async () => {
    for (const [exponent, slope] of [
      [0, 0],
      [1, 1],
      [2, 0],
      [0.5, Infinity],
    ] as const) {
      expect(await derivative((x) => x.pow(exponent), [0])).toEqual([slope]);
      const traced = await gradientsOf(
        of2((x, p) => x.pow(p).sum()),
        f64([0]),
        f64([exponent]),
      );
      expect(traced).toEqual([[slope], [0]]);
    }
  });

  it('powers of negative numbers by integers', async () => {
    expect(await derivative((x) => x.pow(3), [-2])).toEqual([12]);
    expect(await derivative((x) => x.pow(-1), [-2])).toEqual([-0.25]);
  });

  it('derivatives of x² and x³ to every order at 0', async () => {
    const d = (f: (x: Tensor) => Tensor): ((x: Tensor) => Tensor) => grad(f);
    const orders = (f: (x: Tensor) => Tensor) => (x: Tensor) => [
      f(x),
      d(f)(x),
      d(d(f))(x),
      d(d(d(f)))(x),
      d(d(d(d(f))))(x),
    ];
    expect(
      await evaluate(
        orders((x) => x.pow(2)),
        0,
      ),
    ).toEqual([0, 0, 2, 0, 0]);
    expect(
      await evaluate(
        orders((x) => x.pow(3)),
        0,
      ),
    ).toEqual([0, 0, 0, 6, 0]);
    expect(
      await evaluate(
        orders((x) => x.mul(x).mul(x)),
        0,
      ),
    ).toEqual([0, 0, 0, 6, 0]);
  });

  it('stopGradient is the identity with derivative 0', async () => {
    expect(await derivative((x) => stopGradient(x.square()).mul(x), [3])).toEqual([9]);
    expect(await evaluate((x: Tensor) => stopGradient(x), 3)).toBe(3);
  });

  it('gradients accumulate in f64 precisely over many uses', async () => {
    const many = (x: Tensor): Tensor => Array.from({ length: 50 }, (_, i) => x.mul(i)).reduce((a, b) => a.add(b));
    expectClose(await derivative(many, [1.5]), [1225]);
  });
});
