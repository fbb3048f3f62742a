// Times at which f is discontinuous: each step sees one side of them.
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { interpolatingAdjoint } from '@node-ode/gradient-interpolating-adjoint';
import { adamsBashforthMoulton } from '@node-ode/solver-adams';
import { bosh3 } from '@node-ode/solver-bosh3';
import { dopri5 } from '@node-ode/solver-dopri5';
import { dopri8 } from '@node-ode/solver-dopri8';
import { rk4 } from '@node-ode/solver-rk4';
import { describe, expect, it } from 'vitest';
import { makeOde } from '../../test/ode.ts';
import { backend, f64, refusal } from '../../test/support.ts';
import { array } from '../array.ts';
import { scan } from '../control/loops.ts';
import { report } from '../control/report.ts';
import { grad } from '../differentiate/vjp.ts';
import { createOde } from '../runtime/create-ode.ts';
import { select } from '../tensor/functions.ts';
import type { Tensor, TensorLike } from '../tensor/tensor.ts';
import type { Times } from './times.ts';

/** One value before a time, another behind it, and none at it: whoever looks there gets NaN. */
const switchAt = (t: Tensor, at: number, before: TensorLike, behind: TensorLike): Tensor =>
  select(t.equal(at), NaN, select(t.less(at), before, behind));

/** y′ = −y before t = 1 and y behind it: e^(−1) at the jump, e^(t − 2) behind it. */
const turning = (t: Tensor, y: Tensor): Tensor => y.mul(switchAt(t, 1, t.mul(0).sub(1), t.mul(0).add(1)));
const exact = (t: number): number => Math.exp(t < 1 ? -t : t - 2);

describe('jump times', () => {
  it.each([
    ['forwards', [0, 0.4, 1, 1.7, 2.5]],
    ['backwards', [2.5, 1.7, 1, 0.4, 0]],
    ['from the jump on', [1, 1.3, 2]],
    ['up to the jump', [0, 0.6, 1]],
    ['back from the jump', [1, 0.3, 0]],
    ['back to the jump', [2, 1.5, 1]],
  ])('are as accurate as no jump, %s', async (_, times) => {
    const [first = NaN] = times;
    for (const solver of [dopri5(), dopri8(), bosh3()]) {
      const tolerance = solver.order < 4 ? 1e-8 : 1e-11;
      const ode = makeOde({ solver, rtol: tolerance, atol: tolerance });
      const { ys } = await ode.solve(turning, exact(first), times, { jumpTimes: [1] });
      const errors = times.map((t, i) => Math.abs((ys.data[i] ?? NaN) - exact(t)));
      expect(Math.max(...errors)).toBeLessThan(16 * tolerance);
    }
  });

  it.each([
    ['rk4', rk4(), 1e-8],
    ['a multi-step method', adamsBashforthMoulton({ order: 4 }), 1e-7],
  ])('with steps of one size: %s', async (_, solver, bound) => {
    const ode = makeOde({ solver, h: 0.03 });
    const { ys } = await ode.solve(turning, 1, [0, 2.5], { jumpTimes: [1] });
    expect(Math.abs((ys.data[1] ?? NaN) - exact(2.5))).toBeLessThan(bound);
  });

  it('in f32, at zero, at large times and many of them: piecewise constant slopes are integrated exactly', async () => {
    const ode = createOde({ backend, solver: dopri5(), rtol: 1e-4, atol: 1e-4 });
    for (const [start, jumps, end] of [
      [-1, [0], 1],
      [1, [0], -1],
      [1000, [1001, 1002.5, 1004], 1006],
      [0, [0.25, 0.5, 2, 2.125], 3],
    ] as const) {
      const edges: readonly number[] = [start, ...jumps, end];
      /** The slope within interval i is i + 1; at an edge within there is none. */
      const slope = (t: Tensor): Tensor =>
        jumps.reduce<Tensor>(
          (value, at, i) => (start < end ? switchAt(t, at, value, i + 2) : switchAt(t, at, i + 2, value)),
          t.mul(0).add(1),
        );
      const { ys } = await ode.solve((t, y) => y.mul(0).add(slope(t)), 0, [start, end], { jumpTimes: jumps });
      const total = edges.slice(1).reduce((sum, edge, i) => sum + (i + 1) * (edge - (edges[i] ?? NaN)), 0);
      expect(Math.abs((ys.data[1] ?? NaN) - total)).toBeLessThan(2e-6 * Math.abs(total));
    }
  });

  it('cost one evaluation each, for methods whose last slope is the first of the next step', async () => {
    const ode = makeOde({ rtol: 1e-8, atol: 1e-8 });
    const decay = (_: Tensor, y: Tensor): Tensor => y.neg();
    const [landed, jumped] = [
      await ode.solve(decay, 1, [0, 2], { landAt: [0.5, 1] }),
      await ode.solve(decay, 1, [0, 2], { jumpTimes: [0.5, 1] }),
    ];
    expect(jumped.stats.accepted).toBe(landed.stats.accepted);
    expect(jumped.stats.nfe).toBe(landed.stats.nfe + 2);
    expect(jumped.stats.counters?.calls['dynamics'] ?? jumped.stats.nfe).toBe(jumped.stats.nfe);
    expect(jumped.ys.data[1]).toBeCloseTo(landed.ys.data[1] ?? NaN, 14);
  });

  it('together with times to land on, before, behind and at them', async () => {
    const ode = makeOde({ solver: rk4(), h: 0.4 });
    const watched = (t: Tensor, y: Tensor): Tensor => {
      report('there', t.equal(0.7).or(t.equal(1.3)).cast('i32'), 'sum');
      return turning(t, y);
    };
    const { ys, stats } = await ode.solve(watched, 1, [0, 2], { landAt: [-1, 0.7, 1, 1.3, 3], jumpTimes: [1] });
    // The last stage of a step and the first of the next.
    expect(stats.reports['there']).toEqual([4]);
    // 0.4, 0.7, 1, 1.3, 1.7, 2
    expect(stats.accepted).toBe(6);
    expect(Math.abs((ys.data[1] ?? NaN) - 1)).toBeLessThan(1e-3);
  });

  describe.each([
    ['backprop', backprop()],
    ['adjoint', adjoint()],
    ['interpolating adjoint', interpolatingAdjoint()],
  ])('have gradients by %s', (_, gradient) => {
    const ode = makeOde({ gradient, rtol: 1e-10, atol: 1e-12 });
    /** y′ = a·y before t = 1 and b·y behind it. */
    const twoRates =
      (a: Tensor, b: Tensor) =>
      (t: Tensor, y: Tensor): Tensor =>
        y.mul(switchAt(t, 1, a, b));

    it('for the state, what f uses on either side, and the times', async () => {
      const program = ode.compile((y0: Tensor, a: Tensor, b: Tensor, times: Tensor) =>
        grad((x: { readonly y0: Tensor; readonly a: Tensor; readonly b: Tensor; readonly times: Tensor }) =>
          ode.odeint(twoRates(x.a, x.b), x.y0, x.times, { jumpTimes: [1] }).ys.at(-1),
        )({ y0, a, b, times }),
      );
      const [y0, a, b] = [1.3, -0.7, 0.4];
      const { result, stats } = await program.run(y0, a, b, array([0.2, 0.5, 2.2], { dtype: 'f64' }));
      const read = async (x: { read(): Promise<{ readonly data: ArrayLike<number> }> }): Promise<number[]> =>
        Array.from((await x.read()).data);
      const y = y0 * Math.exp(0.8 * a + 1.2 * b);
      const expected = [[y / y0], [0.8 * y], [1.2 * y], [-a * y, 0, b * y]];
      const found = [result.y0, result.a, result.b, result.times];
      for (const [i, leaf] of found.entries()) {
        (await read(leaf)).forEach((value, k) => {
          expect(Math.abs(value - (expected[i]?.[k] ?? NaN))).toBeLessThan(2e-9);
        });
      }
      expect(stats.counters?.calls['dynamics'] ?? stats.nfe + stats.nfeBackward).toBe(stats.nfe + stats.nfeBackward);
    });

    it('where the times of the jumps are computed, in a loop', async () => {
      const program = ode.compile((rate: Tensor, shifts: Tensor) =>
        grad((r: Tensor) => {
          const { carry } = scan(r.mul(0).add(1), shifts, (y, shift) => {
            const f = (t: Tensor, state: Tensor): Tensor => state.mul(select(t.less(shift), r, r.neg()));
            return { carry: ode.odeint(f, y, [0, 2], { jumpTimes: shift.reshape([1]) }).ys.at(1) };
          });
          return carry;
        })(rate),
      );
      // Each pass multiplies by e^(r·(s − (2 − s))).
      const shifts = [0.5, 1.25];
      const exponent = shifts.reduce((sum, s) => sum + 2 * s - 2, 0);
      const [found = NaN] = (await (await program(0.3, array(shifts, { dtype: 'f64' }))).read()).data;
      expect(Math.abs(found - exponent * Math.exp(0.3 * exponent))).toBeLessThan(1e-9);
    });
  });

  it('refuse what are no times', async () => {
    const ode = makeOde();
    const solve = (jumpTimes: Times): Promise<string> =>
      refusal(() => ode.solve((_, y) => y.neg(), f64(1), [0, 2], { jumpTimes }));
    expect(await solve([1, 1])).toMatch(/^OptionError: odeint: jumpTimes\[1\] = 1 after 1/);
    expect(await solve(array([[1]], { dtype: 'f64' }))).toMatch(/^ShapeError: odeint: jumpTimes is f64\[1,1\]/);
    expect(await solve(array([1], { dtype: 'f32' }))).toMatch(/^DTypeError: odeint: jumpTimes is f32\[1\]/);
  });
});
