import { describe, expect, it } from 'vitest';
import { evaluate, expectClose, expectSecondGradient, f64, run, uniform } from '../../test/support.ts';
import { grad } from '../differentiate/vjp.ts';
import { select } from '../tensor/functions.ts';
import type { Tape } from '../tensor/tape.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { call } from './call.ts';
import { cond } from './cond.ts';
import { customVjp } from './custom-vjp.ts';
import { scan, whileLoop } from './loops.ts';

const zero = (): Tensor => constant(0, [], 'i32');
const none = (): Tensor => constant(0, [], 'f64');

/** The derivatives of a function of a scalar, of orders 0 to `order`. */
const derivatives =
  (f: (x: Tensor) => Tensor, order: number) =>
  (x: Tensor): readonly Tensor[] => {
    const results: Tensor[] = [];
    for (let current = f, i = 0; i <= order; i++, current = grad(current)) results.push(current(x));
    return results;
  };

/** Derivatives of xⁿ. */
const ofPower = (x: number, n: number, order: number): readonly number[] =>
  Array.from({ length: order + 1 }, (_, k) => {
    let factor = 1;
    for (let i = 0; i < k; i++) factor *= n - i;
    return factor === 0 ? 0 : factor * x ** (n - k);
  });

describe('derivatives of loops to third order, in closed form', () => {
  const x = 1.1;

  it.each([0, 1, 3])('whileLoop: x^(2ⁿ), %d trips', async (n) => {
    const f = (y: Tensor): Tensor =>
      whileLoop(
        { i: zero(), y },
        ({ i }) => i.less(n),
        (c) => ({ carry: { i: c.i.add(1), y: c.y.square() } }),
      ).carry.y;
    expectClose(await evaluate(derivatives(f, 3), x), ofPower(x, 2 ** n, 3), 1e-12);
  });

  it('a captured tensor: x·wⁿ by its base', async () => {
    const f = (w: Tensor): Tensor =>
      whileLoop(
        { i: zero(), y: w },
        ({ i }) => i.less(5),
        (c) => ({ carry: { i: c.i.add(1), y: c.y.mul(w) } }),
      ).carry.y;
    expectClose(await evaluate(derivatives(f, 3), x), ofPower(x, 6, 3), 1e-13);
  });

  it('scan: x⁴ as a product of its elements', async () => {
    const f = (y: Tensor): Tensor =>
      scan(constant(1, [], 'f64'), y.broadcastTo([4]), (c, e) => ({ carry: c.mul(e) })).carry;
    expectClose(await evaluate(derivatives(f, 4), x), ofPower(x, 4, 4), 1e-13);
  });

  it('scan with outputs, read backwards', async () => {
    // Σ of x, x², x³
    const f = (y: Tensor): Tensor =>
      scan(
        constant(1, [], 'f64'),
        y.broadcastTo([3]),
        (c, e) => {
          const next = c.mul(e);
          return { carry: next, output: next };
        },
        { reverse: true },
      ).outputs.sum();
    const expected = [1, 2, 3].map((n) => ofPower(x, n, 3));
    expectClose(
      await evaluate(derivatives(f, 3), x),
      [0, 1, 2, 3].map((k) => expected.reduce((s, d) => s + (d[k] as number), 0)),
      1e-13,
    );
  });

  it('cond on either side', async () => {
    const f = (y: Tensor): Tensor =>
      cond(
        y.greater(0),
        y,
        (a) => a.pow(3),
        (a) => a.sin(),
      );
    expectClose(await evaluate(derivatives(f, 3), x), ofPower(x, 3, 3), 1e-13);
    expectClose(await evaluate(derivatives(f, 3), -x), [Math.sin(-x), Math.cos(x), Math.sin(x), -Math.cos(x)], 1e-14);
  });

  it('call', async () => {
    const f = (y: Tensor): Tensor => {
      const square = call('square', (z: Tensor) => z.mul(z));
      return square(square(y)).mul(square(y));
    };
    expectClose(await evaluate(derivatives(f, 4), x), ofPower(x, 6, 4), 1e-13);
  });

  it('tapes: Σ (x^k)² over a loop’s tape', async () => {
    const f = (y: Tensor): Tensor => {
      const { tape } = whileLoop(
        { i: zero(), p: y },
        ({ i }) => i.less(3),
        (c) => ({ carry: { i: c.i.add(1), p: c.p.mul(y) }, tape: c.p }),
      );
      return scan(none(), tape as Tape, (s, e) => ({ carry: s.add((e as Tensor).square()) })).carry;
    };
    const expected = [2, 4, 6].map((n) => ofPower(x, n, 3));
    expectClose(
      await evaluate(derivatives(f, 3), x),
      [0, 1, 2, 3].map((k) => expected.reduce((s, d) => s + (d[k] as number), 0)),
      1e-12,
    );
  });

  it('iterations that do not advance', async () => {
    const f = (y: Tensor): Tensor =>
      whileLoop(
        { i: zero(), p: y },
        ({ i }) => i.less(6),
        (c) => {
          const isEven = c.i.rem(2).equal(0);
          const tried = c.p.mul(y).div(isEven.cast('f64'));
          return { carry: { i: c.i.add(1), p: select(isEven, tried, c.p) }, advances: isEven };
        },
      ).carry.p;
    const { value, stats } = await run(derivatives(f, 2), x);
    expectClose(value, ofPower(x, 4, 2), 1e-13);
    expect(stats.counters?.tapeEntries).toBe(3);
  });

  it('nested loops: ((x²)²)³', async () => {
    const f = (y: Tensor): Tensor =>
      scan(
        constant(1, [], 'f64'),
        [],
        (c) => ({
          carry: c.mul(
            whileLoop(
              { i: zero(), z: y },
              ({ i }) => i.less(2),
              (d) => ({ carry: { i: d.i.add(1), z: d.z.square() } }),
            ).carry.z,
          ),
        }),
        { length: 3 },
      ).carry;
    expectClose(await evaluate(derivatives(f, 2), x), ofPower(x, 12, 2), 1e-12);
  });

  it('a custom rule in a loop', async () => {
    const cube = (y: Tensor): Tensor =>
      customVjp(
        'cube',
        [y],
        ([z]) => [(z as Tensor).pow(3)],
        ({ inputs: [z], cotangents: [ct] }) => [(ct as Tensor).mul(3).mul((z as Tensor).square())],
      )[0] as Tensor;
    const f = (y: Tensor): Tensor => scan(y, [], (c) => ({ carry: cube(c) }), { length: 2 }).carry;
    expectClose(await evaluate(derivatives(f, 3), x), ofPower(x, 9, 3), 1e-12);
  });
});

describe('second derivatives against central differences', () => {
  it('the Hessian of a product by scan', async () => {
    await expectSecondGradient(
      (xs) => scan(constant(1, [], 'f64'), xs as Tensor, (c, x) => ({ carry: c.mul(x) })).carry,
      [f64([2, -1, 0.5, 3])],
      { tolerance: 1e-8 },
    );
  });

  it('while in scan in cond', async () => {
    const f = (x: Tensor, w: Tensor, xs: Tensor): Tensor =>
      cond(
        x.sum().greater(-100),
        { x, xs },
        (o) =>
          scan(o.x.mul(w), o.xs, (c, e) => ({
            carry: whileLoop(
              { i: zero(), c },
              ({ i }) => i.less(2),
              ({ i, c: d }) => ({ carry: { i: i.add(1), c: d.mul(w).add(e).sin() } }),
            ).carry.c,
            output: c.mul(e),
          })).outputs,
        (o) => o.xs.mul(o.x),
      );
    await expectSecondGradient(
      (x, w, xs) => f(x as Tensor, w as Tensor, xs as Tensor),
      [uniform(1, [2], 0.1, 0.2), uniform(2, [], 0.5, 0.6), uniform(3, [2, 2], 0.1, 0.3)],
      { tolerance: 1e-8 },
    );
  });

  it('a scan over a tape that gives a tape', async () => {
    const f = (x: Tensor, w: Tensor): Tensor => {
      const { tape } = whileLoop(
        { i: zero(), x },
        ({ i }) => i.less(3),
        (c) => ({ carry: { i: c.i.add(1), x: c.x.mul(w) }, tape: c.x }),
      );
      const { outputs } = scan(none(), tape as Tape, (s, e) => {
        const next = s.add((e as Tensor).sin());
        return { carry: next, output: next.mul(x) };
      });
      return scan(w, outputs, (s, e) => ({ carry: s.mul(0.5).add((e as Tensor).square()) }), { reverse: true }).carry;
    };
    await expectSecondGradient((x, w) => f(x as Tensor, w as Tensor), [f64(0.7), f64(0.9)], { tolerance: 1e-8 });
  });

  it('a tape that a loop’s body reads from outside', async () => {
    const f = (x: Tensor, w: Tensor): Tensor => {
      const { tape } = whileLoop(
        { i: zero(), x },
        ({ i }) => i.less(2),
        (c) => ({ carry: { i: c.i.add(1), x: c.x.mul(w) }, tape: c.x }),
      );
      return scan(x, constant(1, [2], 'f64').cumsum(), (c, k) => ({
        carry: scan(c, tape as Tape, (d, e) => ({ carry: d.sin().add((e as Tensor).square().mul(k)) })).carry,
      })).carry;
    };
    await expectSecondGradient((x, w) => f(x as Tensor, w as Tensor), [f64(1.2), f64(0.7)], { tolerance: 1e-8 });
  });
});
