import { bosh3 } from '@node-ode/solver-bosh3';
import { euler } from '@node-ode/solver-euler';
import { rk4 } from '@node-ode/solver-rk4';
import { describe, expect, it } from 'vitest';
import { decay, makeOde } from '../../test/ode.ts';
import { backend, f32, f64, uniform } from '../../test/support.ts';
import { toNested } from '../array.ts';
import { report } from '../control/report.ts';
import { createOde } from '../runtime/create-ode.ts';
import type { Tensor } from '../tensor/tensor.ts';

describe('Euler', () => {
  it('with h = 1 is a residual block, exactly', async () => {
    const [w, b] = [uniform(1, [3, 3], -1, 1, 'f32'), uniform(2, [3], -1, 1, 'f32')];
    const layer = (y: Tensor): Tensor => y.matmul(w).add(b).tanh();
    const ode = createOde({ backend, solver: euler(), h: 1 });
    const solved = ode.compile((y: Tensor) => ode.odeint((_, z: Tensor) => layer(z), y, [0, 1, 2]).ys);
    const blocks = ode.compile((y: Tensor) => {
      const one = y.add(layer(y));
      return [one, one.add(layer(one))] as const;
    });
    const y0 = uniform(3, [4, 3], -1, 1, 'f32');
    const ys = (await (await solved(y0)).read()).data;
    const [one, two] = await blocks(y0);
    expect([...ys.slice(12, 24)]).toEqual([...(await one.read()).data]);
    expect([...ys.slice(24)]).toEqual([...(await two.read()).data]);
  });

  it('on y′ = −2ty, y(0) = 1, h = 0.1 gives 1, 1, 0.98', async () => {
    const ode = makeOde({ solver: euler(), h: 0.1 });
    const { ys, stats } = await ode.solve((t, y: Tensor) => t.mul(y).mul(-2), 1, [0, 0.1, 0.2]);
    expect(toNested(ys)).toEqual([1, 1, 1 + 0.1 * (-2 * 0.1)]);
    expect(ys.data[2]).toBeCloseTo(0.98, 15);
    expect([stats.nfe, stats.accepted, stats.rejected]).toEqual([2, 2, 0]);
  });
});

describe('statistics', () => {
  const stiffer = (t: Tensor, y: Tensor): Tensor => t.mul(5).cos().mul(20).sub(y.mul(8));

  it('dopri5 makes six evaluations a step after the first, however many are rejected', async () => {
    const { stats } = await makeOde({ rtol: 1e-6, atol: 1e-6 }).solve(stiffer, 1, [0, 1, 4]);
    expect(stats.rejected).toBeGreaterThan(0);
    // f(t0, y0), and one evaluation to find the first step.
    expect(stats.nfe).toBe(2 + 6 * (stats.accepted + stats.rejected));
    expect(stats.nfe).toBe(stats.counters?.calls['dynamics']);
  });

  it('with a first step that is given there is one evaluation before the first step', async () => {
    const { pid } = await import('./pid.ts');
    const { stats } = await makeOde({ controller: pid({ firstStep: 0.1 }) }).solve(stiffer, 1, [0, 4]);
    expect(stats.nfe).toBe(1 + 6 * (stats.accepted + stats.rejected));
  });

  it.each([
    [bosh3(), undefined, 2, 3],
    [euler(), 0.1, 0, 1],
    [rk4(), 0.1, 0, 4],
  ] as const)('of $name', async (solver, h, before, each) => {
    const ode = h === undefined ? makeOde({ solver }) : makeOde({ solver, h });
    const { stats } = await ode.solve(stiffer, 1, [0, 2]);
    expect(stats.nfe).toBe(before + each * (stats.accepted + stats.rejected));
    expect(stats.nfe).toBe(stats.counters?.calls['dynamics']);
    if (h !== undefined) expect([stats.accepted, stats.rejected]).toEqual([20, 0]);
  });

  it('what the dynamics report is counted as often as they are evaluated', async () => {
    const f = (t: Tensor, y: Tensor): Tensor => {
      report('evaluations', t.mul(0).add(1), 'sum');
      report('latest', t, 'max');
      return y.neg();
    };
    const { stats } = await makeOde().solve(f, f64([1]), [0, 2]);
    expect(stats.reports['evaluations']).toEqual([stats.nfe]);
    expect(stats.reports['latest']).toEqual([2]);
  });
});

describe('time', () => {
  it('100,000 steps of 1e-5 in f32 end at 1, none more or less, at the right times', async () => {
    const ode = createOde({ backend, solver: euler(), h: 1e-5, maxSteps: 200_000 });
    const f = (t: Tensor, y: Tensor): Tensor => {
      report('last', t, 'max');
      return y.mul(0);
    };
    const { ts, stats } = await ode.solve(f, f32([1]), [0, 1]);
    expect(stats.accepted).toBe(100_000);
    expect(ts.data[1]).toBe(1);
    // The last step starts at 99,999·h, to a rounding of f32: a plain sum would be off by 1e-3.
    const last = 99_999 * Math.fround(1e-5);
    expect(Math.abs((stats.reports['last']?.[0] as number) - last)).toBeLessThanOrEqual(2 ** -24);
  });

  it('steps end on the last time by assignment: 0.1 three times is 0.3', async () => {
    const seen: number[] = [];
    const ode = makeOde({ solver: euler(), h: 0.1 });
    const { stats } = await ode.solve(
      (t, y: Tensor) => {
        report('last', t, 'max');
        return y.neg();
      },
      1,
      [0, 0.3],
    );
    expect(stats.accepted).toBe(3);
    expect(seen).toEqual([]);
    expect(stats.reports['last']?.[0]).toBeCloseTo(0.2, 15);
  });

  it('a last step that is shorter, and one that is stretched by a rounding', async () => {
    const steps = async (t1: number, h: number): Promise<number> =>
      (await makeOde({ solver: euler(), h }).solve(decay, 1, [0, t1])).stats.accepted;
    expect(await steps(1, 0.3)).toBe(4);
    expect(await steps(1, 0.1)).toBe(10);
    expect(await steps(0.9, 0.3)).toBe(3);
    expect(await steps(-1, 0.25)).toBe(4);
    expect(await steps(0.01, 5)).toBe(1);
  });

  it('starts anywhere: a solve is shifted with its times', async () => {
    const f = (t: Tensor, y: Tensor): Tensor => y.mul(-1).add(t.mul(0));
    const [a, b] = [await makeOde().solve(f, 1, [0, 1]), await makeOde().solve(f, 1, [1000, 1001])];
    expect(Math.abs((a.ys.data[1] as number) - (b.ys.data[1] as number))).toBeLessThan(1e-9);
  });
});
