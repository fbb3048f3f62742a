import { array, createOde, grad, type SolveOptions, type Tensor } from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { testSolver } from '@node-ode/testkit';
import { order } from '@node-ode/testkit/problems';
import { testAdaptiveSolver } from '@node-ode/tools/adaptive-solver';
import { describe, expect, it } from 'vitest';
import { dopri8 } from './index.ts';

testSolver(() => dopri8(), { denseOrder: 7 });

testAdaptiveSolver(() => dopri8(), {
  orders: { solution: 8, dense: 7, embedded: 7 },
  evaluations: 13,
  evaluationsWithin: 4,
  steps: [8, 12, 16, 24],
  detest: true,
});

describe('values within steps', () => {
  it('converge with order 7', async () => {
    // Times in the middle of every step, of which there are n: 4, 6 and 9 in four units of time.
    const within = async (n: number): Promise<number> => {
      const { dynamics, y0, solution = () => [] } = order('f64');
      const ode = createOde({ backend: reference(), solver: dopri8(), h: 4 / n, dtype: 'f64' });
      const times = [0, ...Array.from({ length: n }, (_, i) => (4 * (i + 0.5)) / n), 4];
      const { ys } = await ode.solve(dynamics, array([...y0], { dtype: 'f64' }), times);
      const errors = times
        .slice(1, -1)
        .flatMap((t, i) => solution(t).map((exact, k) => Math.abs(exact - (ys.data[(i + 1) * y0.length + k] ?? NaN))));
      return Math.max(...errors);
    };
    const [coarse, fine] = [await within(12), await within(24)];
    expect(Math.log2(coarse / fine)).toBeGreaterThan(6.7);
  });

  const ode = createOde({ backend: reference(), solver: dopri8(), rtol: 1e-10, atol: 1e-10, dtype: 'f64' });
  const times = Array.from({ length: 401 }, (_, i) => i / 20);
  const turn = (_t: Tensor, { p, q }: { readonly p: Tensor; readonly q: Tensor }) => ({ p: q, q: p.neg() });
  const solve = async (at: readonly number[], options: SolveOptions = {}) => {
    const { ys, stats } = await ode.solve(turn, { p: 0, q: 1 }, at, options);
    return { stats, errors: at.map((t, i) => Math.abs((ys.p.data[i] as number) - Math.sin(t))) };
  };

  it('are as accurate as the ends of steps', async () => {
    const [within, atEnd] = [await solve(times), await solve([0, 20])];
    expect(atEnd.errors.at(-1)).toBe(within.errors.at(-1));
    expect(Math.max(...within.errors)).toBeLessThan(2 * (atEnd.errors[1] ?? NaN));
  });

  it('take four evaluations in each step that holds some, and none where steps land on them', async () => {
    const [none, all] = [(await solve([0, 20])).stats, (await solve(times)).stats];
    expect(none.nfe).toBe(2 + 13 * (none.accepted + none.rejected));
    // The first step is too short to hold any.
    expect(all.nfe).toBe(none.nfe + 4 * (none.accepted - 1));
    const { stats } = await solve([0, 5, 10, 20], { landAt: [5, 10] });
    expect(stats.nfe).toBe(2 + 13 * (stats.accepted + stats.rejected));
  });

  it('have gradients, by every gradient method, whose evaluations are counted', async () => {
    // y′ = r·tanh y: sinh y(t) = sinh(y0)·e^(rt)
    const [rate, t] = [-0.8, 0.7];
    const slope = (y0: number): number => t * Math.tanh(Math.asinh(Math.sinh(y0) * Math.exp(rate * t)));
    for (const method of [backprop(), adjoint()]) {
      const { odeint, compile } = ode.with({ gradient: method });
      const gradient = compile((level: Tensor, pair: Tensor, r: Tensor, times: Tensor) =>
        grad((x: { readonly r: Tensor; readonly times: Tensor }) => {
          const f = (_: Tensor, y: { readonly level: Tensor; readonly pair: Tensor }) => ({
            level: y.level.tanh().mul(x.r),
            pair: y.pair.tanh().mul(x.r),
          });
          const { ys } = odeint(f, { level, pair }, x.times);
          return ys.level.at(2).add(ys.pair.at(2).sum());
        })({ r, times }),
      );
      const times = array([0, 0.3, t, 2], { dtype: 'f64' });
      const { result, stats } = await gradient.run(1.5, array([1, 0.5], { dtype: 'f64' }), rate, times);
      const expected = slope(1.5) + slope(1) + slope(0.5);
      const [toRate, toTimes] = [(await result.r.read()).data, (await result.times.read()).data];
      expect(Math.abs((toRate[0] ?? NaN) - expected)).toBeLessThan(1e-9);
      // Moving the start back is moving the time on: dy/dt = r·tanh y, and dy/dr = t·tanh y.
      const expectedTimes = [-1, 0, 1, 0].map((sign) => (sign * rate * expected) / t);
      expectedTimes.forEach((x, i) => expect(Math.abs((toTimes[i] ?? NaN) - x)).toBeLessThan(1e-8));
      expect(stats.nfe + stats.nfeBackward).toBe(stats.counters?.calls['dynamics'] ?? stats.nfe + stats.nfeBackward);
    }
  });
});
