import { describe, expect, it } from 'vitest';
import { expectClose, expectGradient, f64, gradientsOf } from '../../test/support.ts';
import type { Tape } from '../tensor/tape.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { scan, whileLoop } from './loops.ts';

const zero = (): Tensor => constant(0, [], 'i32');

const none = (): Tensor => constant(0, [], 'f64');

describe('tapes', () => {
  /** x, x·w, x·w², … */
  const geometric = (x: Tensor, w: Tensor, n: number): Tape =>
    whileLoop(
      { i: zero(), x },
      ({ i }) => i.less(n),
      (c) => ({ carry: { i: c.i.add(1), x: c.x.mul(w) }, tape: c.x }),
    ).tape as Tape;

  it.each([0, 1, 6])('the sum of a tape of %d entries', async (n) => {
    const total = (x: Tensor, w: Tensor): Tensor =>
      scan(none(), geometric(x, w, n), (s, e) => ({ carry: s.add((e as Tensor).square()) })).carry;
    const [x, w] = [1.5, 0.8];
    const terms = Array.from({ length: n }, (_, k) => k);
    const expected = [
      terms.reduce((s, k) => s + 2 * x * w ** (2 * k), 0),
      terms.reduce((s, k) => s + 2 * k * x * x * w ** (2 * k - 1), 0),
    ];
    expectClose(await gradientsOf((a, b) => total(a as Tensor, b as Tensor), f64(x), f64(w)), expected, 1e-14);
  });

  it('a scan over a tape that gives a tape, read backwards by another', async () => {
    await expectGradient(
      (x, w) => {
        const prefix = scan(
          none(),
          geometric(x as Tensor, w as Tensor, 5),
          (s, e) => {
            const next = s.add((e as Tensor).sin());
            return { carry: next, output: next.mul(x as Tensor) };
          },
          { reverse: true },
        ).outputs;
        return scan(w as Tensor, prefix, (s, e) => ({ carry: s.mul(0.5).add((e as Tensor).square()) })).carry;
      },
      [f64(0.7), f64(0.9)],
    );
  });

  it('several tapes read together, one of integers', async () => {
    const f = (x: Tensor): Tensor => {
      const { tape } = whileLoop(
        { i: zero(), x },
        ({ i }) => i.less(4),
        (c) => ({ carry: { i: c.i.add(1), x: c.x.mul(2) }, tape: { i: c.i, x: c.x } }),
      );
      return scan(none(), tape, (s, e) => ({ carry: s.add((e.x as Tensor).mul((e.i as Tensor).cast('f64'))) })).carry;
    };
    expect(await gradientsOf((x) => f(x as Tensor), f64(3))).toEqual([[0 + 2 + 8 + 24]]);
  });

  it('a tape that a loop’s body reads from outside', async () => {
    const f = (x: Tensor, w: Tensor): Tensor => {
      const tape = geometric(x, w, 3);
      return scan(x, f64Xs(), (c, k) => ({
        carry: scan(c, tape, (d, e) => ({ carry: d.mul(0.5).add((e as Tensor).mul(k)) })).carry,
      })).carry;
    };
    const f64Xs = (): Tensor => constant(1, [3], 'f64').cumsum();
    await expectGradient((x, w) => f(x as Tensor, w as Tensor), [f64(1.2), f64(0.7)]);
  });

  it('entries that nothing uses', async () => {
    const f = (x: Tensor): Tensor => {
      const { carry, tape } = whileLoop(
        { i: zero(), x },
        ({ i }) => i.less(3),
        (c) => ({ carry: { i: c.i.add(1), x: c.x.mul(2) }, tape: c.x.sqrt() }),
      );
      scan(none(), tape, (s, e) => ({ carry: s.add(e as Tensor) }));
      return carry.x;
    };
    expect(await gradientsOf((x) => f(x as Tensor), f64(0))).toEqual([[8]]);
  });
});
