import { euler } from '@node-ode/solver-euler';
import { describe, expect, it } from 'vitest';
import { decay, makeOde } from '../../test/ode.ts';
import { expectClose, f64, refusal } from '../../test/support.ts';
import { toNested } from '../array.ts';
import { report } from '../control/report.ts';
import { select } from '../tensor/functions.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Counts evaluations at exactly a time. */
const watching =
  (at: number, f: (t: Tensor, y: Tensor) => Tensor) =>
  (t: Tensor, y: Tensor): Tensor => {
    report('there', t.equal(at).cast('i32'), 'sum');
    return f(t, y);
  };

/** The slope jumps from 1 to 5 at t = 1. */
const jump = (t: Tensor, y: Tensor): Tensor => select(t.less(1), y.mul(0).add(1), 5);

describe('landAt', () => {
  const ode = makeOde({ solver: euler(), h: 0.3 });

  it('steps end exactly there and go on with their size', async () => {
    const there = (at: number, options: object) => ode.solve(watching(at, decay), 1, [0, 3], options);
    const plain = await there(1, {});
    expect([plain.stats.reports['there'], plain.stats.accepted]).toEqual([[0], 10]);
    const landed = await there(1, { landAt: [1] });
    // 0.3, 0.6, 0.9, 1, 1.3, …
    expect([landed.stats.reports['there'], landed.stats.accepted]).toEqual([[1], 11]);
    const twice = await there(2, { landAt: [1, 2] });
    expect([twice.stats.reports['there'], twice.stats.accepted]).toEqual([[1], 12]);
  });

  it('a discontinuity costs no accuracy: Euler is exact on either side', async () => {
    const exact = 1 + 5;
    const { ys } = await ode.solve(jump, 0, [0, 2], { landAt: [1] });
    expectClose(toNested(ys), [0, exact], 1e-14);
    expect(Math.abs(((await ode.solve(jump, 0, [0, 2])).ys.data[1] as number) - exact)).toBeGreaterThan(0.1);
  });

  it('adaptive methods meet the jump at the end of a step, and waste fewer on it', async () => {
    const adaptive = makeOde({ rtol: 1e-8, atol: 1e-8 });
    for (const isBefore of [(t: Tensor) => t.less(1), (t: Tensor) => t.lessEqual(1)]) {
      const f = (t: Tensor, y: Tensor): Tensor => select(isBefore(t), y, y.neg());
      const plain = await adaptive.solve(f, 1, [0, 2.5]);
      const landed = await adaptive.solve(f, 1, [0, 2.5], { landAt: [1] });
      // A stage on the wrong side of the jump counts up to 75 times less in the error estimate of dopri5 than in y.
      expect(Math.abs((landed.ys.data[1] as number) - Math.exp(1 - 1.5))).toBeLessThan(1e-6);
      expect(landed.stats.rejected).toBeLessThan(plain.stats.rejected);
    }
  });

  it('backwards, at output times, before the start and behind the end', async () => {
    const backwards = await ode.solve(watching(1, decay), 1, [3, 2, 0], { landAt: [2, 1] });
    expect(backwards.stats.reports['there']).toEqual([1]);
    // The last step ends there, and nothing is evaluated at its end.
    for (const landAt of [[-1, 0], [3], [4, 5]]) {
      const { stats, ys } = await ode.solve(watching(3, decay), 1, [0, 3], { landAt });
      expect([stats.reports['there'], stats.accepted]).toEqual([[0], 10]);
      expectClose(toNested(ys), [1, 0.7 ** 10], 1e-14);
    }
    const outputs = await ode.solve(jump, 0, [0, 1, 2], { landAt: [1] });
    expectClose(toNested(outputs.ys), [0, 1, 6], 1e-14);
  });

  it('as host arrays and tensors', async () => {
    const landed = await ode.solve(watching(1, decay), 1, [0, 3], { landAt: f64([1]) });
    expect(landed.stats.reports['there']).toEqual([1]);
    const program = ode.compile(
      (y: Tensor, at: Tensor) => ode.odeint(watching(1, decay), y, [0, 3], { landAt: [at.mul(0.5), at] }).ys,
    );
    expect((await program.run(1, 1)).stats.reports['there']).toEqual([1]);
  });

  it('in either order, whatever the direction of the solve', async () => {
    for (const landAt of [
      [1, 2],
      [2, 1],
    ]) {
      for (const ts of [
        [0, 3],
        [3, 0],
      ]) {
        const { stats } = await ode.solve(watching(2, decay), 1, ts, { landAt });
        expect([stats.reports['there'], stats.accepted]).toEqual([[1], 12]);
      }
    }
  });

  it('refuses none, unsorted and repeated ones', async () => {
    const solve = (landAt: readonly number[]) => refusal(() => ode.solve(decay, 1, [0, 3], { landAt }));
    expect(await solve([])).toBe('ShapeError: odeint: landAt is empty; expected at least one time.');
    expect(await solve([1, 1])).toMatch(
      /^OptionError: odeint: landAt\[1\] = 1 after 1; expected finite times, strictly increasing/,
    );
    expect(await solve([1, 2, 1.5])).toMatch(/^OptionError: odeint: landAt\[2\] = 1.5 after 2/);
    const traced = ode.compile((y: Tensor, at: Tensor) => ode.odeint(decay, y, [0, 3], { landAt: at }).ys);
    for (const at of [[1, 1], [1, 3, 2], [NaN], [1, Infinity]]) {
      expect(await refusal(() => traced(1, f64(at)))).toMatch(/^SolveError: odeint: the times, or those to land on/);
    }
  });
});
