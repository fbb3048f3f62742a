import { describe, expect, it } from 'vitest';
import { evaluate, expectClose, expectGradient, f64, gradientsOf, i32, run, uniform } from '../../test/support.ts';
import { grad, vjp } from '../differentiate/vjp.ts';
import { select, stack } from '../tensor/functions.ts';
import type { Tape } from '../tensor/tape.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { scan, whileLoop } from './loops.ts';

const zero = (): Tensor => constant(0, [], 'i32');

const none = (): Tensor => constant(0, [], 'f64');

/** Squares x n times: x^(2ⁿ). */
const squared = (x: Tensor, n: Tensor): Tensor =>
  whileLoop(
    { i: zero(), x },
    ({ i }) => i.less(n),
    (c) => ({ carry: { i: c.i.add(1), x: c.x.square() } }),
  ).carry.x;

/** y ← w·y + b, n times. */
const affine = (y: Tensor, w: Tensor, b: Tensor, n: Tensor): Tensor =>
  whileLoop(
    { i: zero(), y },
    ({ i }) => i.less(n),
    (c) => ({ carry: { i: c.i.add(1), y: c.y.mul(w).add(b) } }),
  ).carry.y;

const product = (xs: Tensor): Tensor => scan(constant(1, [], 'f64'), xs, (c, x) => ({ carry: c.mul(x) })).carry;

describe('whileLoop', () => {
  it.each([0, 1, 2, 5])('x^(2ⁿ) by squaring %d times', async (n) => {
    const x = 1.1;
    const { value, stats } = await run((t: Tensor, k: Tensor) => grad((y: Tensor) => squared(y, k))(t), x, i32(n));
    expectClose(value, 2 ** n * x ** (2 ** n - 1), 1e-14);
    expect(stats.counters?.tapeEntries).toBe(n);
  });

  it('no trips: the gradient is the cotangent, bit for bit, and 0 for captures', async () => {
    const f = (p: readonly Tensor[]): Tensor => affine(p[0] as Tensor, p[1] as Tensor, p[2] as Tensor, zero()).mul(0.1);
    expect(await evaluate((...p: readonly Tensor[]) => grad(f)(p), 3, NaN, Infinity)).toEqual([0.1, 0, 0]);
  });

  it('captured tensors: wⁿ·y + b·(wⁿ − 1)/(w − 1)', async () => {
    const [y, w, b, n] = [1.3, 0.9, 0.4, 20];
    const f = (p: { y: Tensor; w: Tensor; b: Tensor }): Tensor => affine(p.y, p.w, p.b, constant(n, [], 'i32'));
    const g = await evaluate(
      (...[p, q, r]: readonly [Tensor, Tensor, Tensor]) => grad(f)({ y: p, w: q, b: r }),
      y,
      w,
      b,
    );
    const sum = (w ** n - 1) / (w - 1);
    const dsum = (n * w ** (n - 1) * (w - 1) - (w ** n - 1)) / (w - 1) ** 2;
    expectClose([g.y, g.w, g.b], [w ** n, n * w ** (n - 1) * y + b * dsum, sum], 1e-13);
  });

  it('a thousand trips', async () => {
    const [gradient] = await gradientsOf(
      (y, w) => affine(y as Tensor, w as Tensor, none(), constant(1000, [], 'i32')),
      f64(2),
      f64(0.999),
    );
    expectClose(gradient, 0.999 ** 1000, 1e-12);
  });

  it('a carry that the derivative reaches only after some iterations', async () => {
    // A shift register: x is in d after three trips.
    const register = (x: Tensor, n: number): Tensor =>
      whileLoop(
        { i: zero(), a: x, b: none(), c: none(), d: none() },
        ({ i }) => i.less(n),
        (r) => ({ carry: { i: r.i.add(1), a: r.a, b: r.a.mul(2), c: r.b.mul(3), d: r.c.mul(5) } }),
      ).carry.d;
    for (const [n, slope] of [
      [2, 0],
      [3, 30],
      [4, 30],
    ] as const) {
      expect(await gradientsOf((x) => register(x as Tensor, n), f64(1))).toEqual([[slope]]);
    }
  });

  it('what only decides how often it runs has gradient 0', async () => {
    const f = (x: Tensor, limit: Tensor): Tensor =>
      whileLoop(
        { x },
        (c) => c.x.less(limit),
        (c) => ({ carry: { x: c.x.mul(2) } }),
      ).carry.x;
    expect(await gradientsOf((x, limit) => f(x as Tensor, limit as Tensor), f64(1), f64(10))).toEqual([[16], [0]]);
  });

  it('a buffer that is written row by row', async () => {
    const powers = (x: Tensor): Tensor =>
      whileLoop(
        { i: zero(), p: x, all: constant(0, [4], 'f64') },
        ({ i }) => i.less(4),
        ({ i, p, all }) => ({ carry: { i: i.add(1), p: p.mul(x), all: all.setRow(i, p) } }),
      ).carry.all;
    const [g] = await gradientsOf(
      (x) =>
        powers(x as Tensor)
          .mul(f64([1, 10, 100, 1000]))
          .sum(),
      f64(2),
    );
    expectClose(g, 1 + 10 * 4 + 100 * 12 + 1000 * 32);
  });

  it('a loop whose body differentiates: Newton’s root of x² = a has slope 1/(2√a)', async () => {
    const root = (a: Tensor): Tensor =>
      whileLoop(
        { i: zero(), x: a },
        ({ i }) => i.less(8),
        ({ i, x }) => {
          const f = (y: Tensor): Tensor => y.square().sub(a);
          const { value, pullback } = vjp(f, x);
          return { carry: { i: i.add(1), x: x.sub(value.div(pullback(constant(1, [], 'f64')))) } };
        },
      ).carry.x;
    expectClose(await evaluate((a: Tensor) => [root(a), grad(root)(a)], 3), [Math.sqrt(3), 0.5 / Math.sqrt(3)], 1e-14);
  });
});

describe('iterations that do not advance', () => {
  /** Multiplies by w where i is even; elsewhere computes something infinite and leaves y alone. */
  const evens = (y: Tensor, w: Tensor, n: Tensor) =>
    whileLoop(
      { i: zero(), y },
      ({ i }) => i.less(n),
      (c) => {
        const isEven = c.i.rem(2).equal(0);
        const tried = c.y.mul(w).div(isEven.cast('f64'));
        return { carry: { i: c.i.add(1), y: select(isEven, tried, c.y) }, tape: c.y, advances: isEven };
      },
    );
  const fold = (tape: Tape): Tensor => scan(none(), tape, (s, y) => ({ carry: s.add(y as Tensor) })).carry;

  it('are the identity in reverse, and are not recorded', async () => {
    const f = (p: readonly [Tensor, Tensor]): Tensor => evens(p[0], p[1], constant(7, [], 'i32')).carry.y;
    const { value, stats } = await run((y: Tensor, w: Tensor) => grad(f)([y, w]), 2, 3);
    expect(value).toEqual([81, 4 * 27 * 2]);
    expect(stats.counters?.tapeEntries).toBe(4);
  });

  it('nor do their tapes have entries', async () => {
    const f = (p: readonly [Tensor, Tensor]): Tensor => fold(evens(p[0], p[1], constant(6, [], 'i32')).tape);
    const { value, stats } = await run((y: Tensor, w: Tensor) => [f([y, w]), ...grad(f)([y, w])], 2, 3);
    // y + y·w + y·w²
    expect(value).toEqual([2 * 13, 13, 2 * 7]);
    expect(stats.counters?.tapeEntries).toBe(3);
  });

  it('a loop that never advances', async () => {
    const f = (y: Tensor): Tensor =>
      whileLoop(
        { i: zero(), y },
        ({ i }) => i.less(5),
        (c) => ({ carry: { i: c.i.add(1), y: c.y }, advances: c.i.less(0) }),
      ).carry.y.square();
    const { value, stats } = await run((y: Tensor) => grad(f)(y), 3);
    expect([value, stats.counters?.tapeEntries]).toEqual([6, 0]);
  });
});

describe('scan', () => {
  it('a product: the gradient is the product of the others, of zeros too', async () => {
    expect(await gradientsOf((xs) => product(xs as Tensor), f64([2, 3, 4]))).toEqual([[12, 8, 6]]);
    expect(await gradientsOf((xs) => product(xs as Tensor), f64([2, 0, 4]))).toEqual([[0, 8, 0]]);
  });

  it('of an empty sequence', async () => {
    const f = (x: Tensor): Tensor => product(x.slice([0], [0])).mul(x.sum());
    expect(await gradientsOf((x) => f(x as Tensor), f64([2, 3]))).toEqual([[1, 1]]);
  });

  it('first carry, elements, outputs and captures, in either direction', async () => {
    for (const reverse of [false, true]) {
      await expectGradient(
        (c0, xs, w) => {
          const { carry, outputs } = scan(
            c0 as Tensor,
            { x: xs as Tensor },
            (c, { x }) => {
              const next = c.mul(w as Tensor).add(x.sin());
              return { carry: next, output: { a: next.square(), b: x.mul(c) } };
            },
            { reverse },
          );
          return stack([carry, outputs.a.sum({ axes: 0 }), outputs.b.at(1), outputs.b.at(-1).mul(3)]);
        },
        [uniform(1, [2]), uniform(2, [4, 2]), uniform(3, [2])],
      );
    }
  });

  it('outputs that nothing uses, and a carry that nothing uses', async () => {
    const f = (xs: Tensor): Tensor =>
      scan(none(), xs, (c, x) => ({ carry: c.add(x.log()), output: { a: x.square(), b: x.sqrt() } })).outputs.a.sum();
    expect(await gradientsOf((xs) => f(xs as Tensor), f64([0, 3]))).toEqual([[0, 6]]);
  });

  it('without sequences', async () => {
    const f = (x: Tensor): Tensor => scan(x, [], (c) => ({ carry: c.mul(x) }), { length: 4 }).carry;
    expect(await gradientsOf((x) => f(x as Tensor), f64(2))).toEqual([[5 * 16]]);
  });
});
