import { describe, expect, it } from 'vitest';
import {
  bool,
  evaluate,
  expectClose,
  expectGradient,
  f64,
  gradientsOf,
  i32,
  run,
  uniform,
} from '../../test/support.ts';
import { grad } from '../differentiate/vjp.ts';
import { select, stopGradient } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { call } from './call.ts';
import { cond } from './cond.ts';
import { scan, whileLoop } from './loops.ts';

const zero = (): Tensor => constant(0, [], 'i32');

describe('cond', () => {
  const f = (x: Tensor, w: Tensor): Tensor =>
    cond(
      x.greater(0),
      { x },
      (a) => a.x.mul(w).sqrt(),
      (a) => a.x.square(),
    );

  it('the derivative of the branch that is taken, 0 for what only the other uses', async () => {
    const g = (x: number): Promise<unknown> => gradientsOf((a, b) => f(a as Tensor, b as Tensor), f64(x), f64(4));
    expect(await g(9)).toEqual([[1 / 3], [0.75]]);
    expect(await g(-3)).toEqual([[-6], [0]]);
  });

  it('a branch that depends on nothing', async () => {
    const g = (x: Tensor): Tensor =>
      cond(
        x.less(0),
        x,
        () => constant(7, [], 'f64'),
        (y) => y.square(),
      );
    expect(await gradientsOf((x) => g(x as Tensor), f64(-2))).toEqual([[0]]);
    expect(await gradientsOf((x) => g(x as Tensor), f64(2))).toEqual([[4]]);
  });

  it('several results, some of them used; integer operands', async () => {
    const g = (x: Tensor, k: Tensor): Tensor => {
      const { a, n } = cond(
        x.sum().less(0),
        { x, k },
        (o) => ({ a: o.x.mul(2), b: o.x.log(), n: o.k }),
        (o) => ({ a: o.x.mul(3), b: o.x.sqrt(), n: o.k.add(1) }),
      );
      return a.at(n).square();
    };
    expect(await evaluate((x: Tensor, k: Tensor) => grad((y: Tensor) => g(y, k))(x), f64([-1, -2]), i32(1))).toEqual([
      0, -16,
    ]);
    expect(await evaluate((x: Tensor, k: Tensor) => grad((y: Tensor) => g(y, k))(x), f64([1, 2]), i32(0))).toEqual([
      0, 36,
    ]);
  });

  it('only the branch that is taken runs again in reverse', async () => {
    const g = (x: Tensor): Tensor => {
      const costly = call('costly', (y: Tensor) => y.exp().sin());
      return cond(
        x.less(0),
        x,
        (y) => costly(y),
        (y) => y.square(),
      );
    };
    const { stats } = await run((x: Tensor) => grad(g)(x), 1);
    expect(
      Object.entries(stats.counters?.calls ?? {}).filter(([name, n]) => name.startsWith('costly') && n > 0),
    ).toEqual([]);
  });
});

describe('nested control flow against central differences', () => {
  /** A while loop in a scan in a branch, with captures from every level. */
  const nested = (x: Tensor, w: Tensor, xs: Tensor): Tensor =>
    cond(
      x.sum().greater(-100),
      { x, xs },
      (o) => {
        const scaled = o.x.mul(w);
        return scan(scaled, o.xs, (c, e) => ({
          carry: whileLoop(
            { i: zero(), c },
            ({ i, c: d }) => i.less(4).and(d.abs().max().less(3)),
            ({ i, c: d }) => ({ carry: { i: i.add(1), c: d.mul(1.1).add(e.mul(w)).add(scaled.sin()) } }),
          ).carry.c,
          output: c.mul(e),
        })).outputs;
      },
      (o) => o.xs.mul(o.x),
    );

  it('while in scan in cond', async () => {
    await expectGradient(
      (x, w, xs) => nested(x as Tensor, w as Tensor, xs as Tensor),
      [uniform(1, [2], 0.1, 0.2), uniform(2, [], 0.5, 0.6), uniform(3, [3, 2], 0.1, 0.3)],
    );
  });

  it('cond in while in scan, through calls', async () => {
    const f = (x: Tensor, w: Tensor): Tensor => {
      const step = call('step', (y: Tensor, e: Tensor) => y.mul(w).add(e).tanh());
      return scan(x, w.mul(f64([[0.1], [0.7], [-0.4]])), (c, e) => ({
        carry: whileLoop(
          { i: zero(), y: c },
          ({ i }) => i.less(3),
          ({ i, y }) => ({
            carry: {
              i: i.add(1),
              y: cond(
                y.sum().greater(0.3),
                y,
                (z) => step(z, e),
                (z) => step(step(z, w), x),
              ),
            },
          }),
        ).carry.y,
      })).carry;
    };
    await expectGradient((x, w) => f(x as Tensor, w as Tensor), [uniform(4, [2], 0.2, 0.4), uniform(5, [2], 0.5, 0.8)]);
  });

  it('a loop whose number of trips depends on data of the loop around it', async () => {
    const f = (x: Tensor, counts: Tensor): Tensor =>
      scan(x, counts, (c, n) => ({
        carry: whileLoop(
          { i: zero(), c },
          ({ i }) => i.less(n),
          (d) => ({ carry: { i: d.i.add(1), c: d.c.mul(x) } }),
        ).carry.c,
      })).carry;
    // x^(1 + 0 + 3 + 2)
    const g = await evaluate((x: Tensor, n: Tensor) => grad((y: Tensor) => f(y, n))(x), 1.2, i32([0, 3, 2]));
    expectClose(g, 6 * 1.2 ** 5, 1e-14);
  });

  it('masks and stopped values inside loops', async () => {
    const f = (x: Tensor): Tensor =>
      scan(x, constant(1, [3], 'f64'), (c, e) => ({
        carry: select(bool([true, false]), c.mul(stopGradient(c)).add(e), c.div(2)),
      })).carry.sum();
    // First element: c ← c·[c] + 1 has slope Π[c]; second: halved three times.
    const [c0, c1, c2] = [0.5, 1.25, 2.5625];
    expectClose(await gradientsOf((x) => f(x as Tensor), f64([0.5, 3])), [c0 * c1 * c2, 0.125], 1e-15);
  });
});
