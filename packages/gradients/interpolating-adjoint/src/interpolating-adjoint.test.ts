import { reference } from '@node-ode/backend-reference';
import { array, constantStep, createOde, type GradientMethod } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import { dopri5 } from '@node-ode/solver-dopri5';
import { rk4 } from '@node-ode/solver-rk4';
import { testGradientMethod } from '@node-ode/testkit';
import {
  backwards,
  contractingProblem,
  differencesOf,
  distances,
  exactGradient,
  exactHessian,
  gradientOf,
  hessianOf,
  input,
  linearProblem,
  linearValues,
  networkProblem,
  relativeDistance,
  smallTrainingStep,
  type GradientProblem,
} from '@node-ode/tools/accuracy';
import { describe, expect, it } from 'vitest';
import { interpolatingAdjoint } from './index.ts';

testGradientMethod(() => interpolatingAdjoint());
testGradientMethod(() => ({ ...interpolatingAdjoint({ seminorm: true }), name: 'interpolating adjoint, seminorm' }), {
  solver: dopri5(),
});

const tight = { rtol: 1e-11, atol: 1e-12 };

const odeWith = (gradient: GradientMethod, tolerances = tight) =>
  createOde({ backend: reference(), solver: dopri5(), gradient, dtype: 'f64', maxSteps: 100_000, ...tolerances });

describe('gradients', () => {
  it.each([
    ['forwards', linearProblem(), linearValues],
    ['backwards', backwards(linearProblem()), { ...linearValues, ts: linearValues.ts.toReversed() }],
  ])('of the linear problem are exact, %s in time: y0, parameters and every time', async (_, problem, values) => {
    const { gradient } = await gradientOf(odeWith(interpolatingAdjoint()), problem);
    for (const distance of Object.values(distances(gradient, exactGradient(values)))) {
      expect(distance).toBeLessThan(1e-10);
    }
    expect(gradient['unused']).toEqual([0, 0, 0]);
  });

  it.each([networkProblem(), backwards(networkProblem())])(
    'of the $name are those of central differences and of backprop',
    async (problem) => {
      const through = await gradientOf(odeWith(backprop()), problem);
      const differences = await differencesOf(odeWith(backprop()), problem);
      const { gradient, value } = await gradientOf(odeWith(interpolatingAdjoint()), problem);
      expect(value).toBe(through.value);
      for (const distance of Object.values(distances(gradient, through.gradient))) expect(distance).toBeLessThan(1e-8);
      // differences of solves with 1e-11 of error, over 1e-3
      for (const distance of Object.values(distances(gradient, differences))) expect(distance).toBeLessThan(1e-7);
      expect(gradient['unused']?.every((x) => x === 0)).toBe(true);
    },
  );

  it('have several outputs within one step, and one at the end of a step', async () => {
    const times = [0, 0.25, 0.5, 0.55, 0.6, 0.65, 1];
    const problem: GradientProblem = {
      name: 'decay',
      inputs: {
        y0: array([1.5], { dtype: 'f64' }),
        rate: array([0.8], { dtype: 'f64' }),
        ts: array(times, { dtype: 'f64' }),
      },
      loss: (ode, x) => {
        const rate = input(x, 'rate');
        const { ys } = ode.odeint((_t, y) => y.mul(rate.neg()), input(x, 'y0'), input(x, 'ts'));
        return ys.square().sum();
      },
    };
    // Steps of 1/2 of a method of order 4, tightened only backwards.
    const gradient = interpolatingAdjoint({ controller: constantStep({ h: 1 / 64 }) });
    const ode = createOde({ backend: reference(), solver: rk4(), gradient, h: 0.5, dtype: 'f64' });
    const found = (await gradientOf(ode, problem)).gradient;
    // L = y0²·Σ e^(−2·rate·tⱼ)
    const decay = times.map((t) => Math.exp(-1.6 * t));
    const sum = (of: (t: number, e: number) => number): number =>
      times.reduce((total, t, j) => total + of(t, decay[j] ?? NaN), 0);
    const dy0 = found['y0']?.[0] ?? NaN;
    const drate = found['rate']?.[0] ?? NaN;
    // rk4 with h = 1/2, and the cubic of its dense output
    expect(Math.abs(dy0 / sum((_, e) => 3 * e) - 1)).toBeLessThan(1e-3);
    expect(Math.abs(drate / sum((t, e) => -4.5 * t * e) - 1)).toBeLessThan(1e-3);
  });

  it('stay right where the state is strongly contracted, and the adjoint solves a system that diverges', async () => {
    const problem = contractingProblem();
    const at = async (method: GradientMethod): Promise<number> => {
      const { gradient } = await gradientOf(odeWith(method, { rtol: 1e-6, atol: 1e-8 }), problem);
      return relativeDistance(gradient, exact);
    };
    const exact = (await gradientOf(odeWith(backprop()), problem)).gradient;
    expect(await at(interpolatingAdjoint())).toBeLessThan(1e-5);
    // The adjoint's solve backwards meets a state that is not finite, or a wrong gradient.
    const diverged = await at(adjoint()).catch(() => Infinity);
    expect(diverged).toBeGreaterThan(1e-2);
  });
});

it('has exact second derivatives on the linear problem: y0, parameters and every time', async () => {
  const found = await hessianOf(odeWith(interpolatingAdjoint()), linearProblem(), ['y0', 'matrix', 'ts']);
  exactHessian(linearValues).forEach((row, i) =>
    // ∂²y/∂t² is that of the dense output: two orders less than the solution
    row.forEach((exact, k) => expect(Math.abs((found[i]?.[k] ?? NaN) - exact)).toBeLessThan(2e-7)),
  );
});

describe('options', () => {
  const exact = exactGradient(linearValues);
  const run = (method: GradientMethod) => gradientOf(odeWith(method), linearProblem());

  it('take tolerances of the backward solve', async () => {
    const [fine, coarse] = [
      await run(interpolatingAdjoint()),
      await run(interpolatingAdjoint({ rtol: 1e-4, atol: 1e-6 })),
    ];
    expect(coarse.stats.nfe).toBe(fine.stats.nfe);
    expect(coarse.stats.nfeBackward).toBeLessThan(fine.stats.nfeBackward / 2);
    expect(relativeDistance(coarse.gradient, exact)).toBeLessThan(1e-6);
  });

  it('take another solver and controller', async () => {
    const { gradient, stats } = await run(interpolatingAdjoint({ solver: rk4(), controller: constantStep({ h: 1 }) }));
    // of order 4, in steps of about 0.02
    expect(relativeDistance(gradient, exact)).toBeLessThan(1e-8);
    // one step of four evaluations from each time to the one before, steps' ends and outputs, and one for each time
    expect(stats.nfeBackward).toBe(4 * (stats.accepted + 2) + 4);
  });

  it('take a largest number of steps for each step of the forward solve', async () => {
    await expect(run(interpolatingAdjoint({ rtol: 1e-14, atol: 1e-16, maxSteps: 3 }))).rejects.toMatchObject({
      reason: 'maxSteps',
      steps: 3,
    });
  });
});

describe('cost', () => {
  it('counts every execution of the dynamics', async ({ skip }) => {
    const { stats } = await gradientOf(odeWith(interpolatingAdjoint()), networkProblem());
    const { calls } = stats.counters ?? skip('this engine does not count');
    expect(stats.nfe + stats.nfeBackward).toBe(calls['dynamics']);
  });

  it('records one entry a step, and no step is rejected where the tolerance allows', async ({ skip }) => {
    const { accepted, counters } = await smallTrainingStep(dopri5(), interpolatingAdjoint(), 200);
    expect(accepted).toBe(200);
    const { tapeEntries } = counters ?? skip('this engine does not count');
    expect(tapeEntries).toBe(200);
  });

  it('records nothing where no gradient is asked for', async ({ skip }) => {
    const ode = odeWith(interpolatingAdjoint());
    const { stats } = await ode.solve((_t, y) => y.neg(), 1, [0, 1, 2]);
    const { tapeEntries } = stats.counters ?? skip('this engine does not count');
    expect(tapeEntries).toBe(0);
  });
});
