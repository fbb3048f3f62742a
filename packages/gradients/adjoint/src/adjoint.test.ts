import { reference } from '@node-ode/backend-reference';
import { array, constantStep, createOde, valueAndGrad, type GradientMethod, type Tensor } from '@node-ode/core';
import { backprop } from '@node-ode/gradient-backprop';
import { dopri5 } from '@node-ode/solver-dopri5';
import { rk4 } from '@node-ode/solver-rk4';
import { tsit5 } from '@node-ode/solver-tsit5';
import { testGradientMethod } from '@node-ode/testkit';
import {
  backwards,
  differencesOf,
  distances,
  exactGradient,
  exactHessian,
  gradientOf,
  hessianOf,
  input,
  largeTrainingStep,
  linearProblem,
  linearValues,
  networkProblem,
  relativeDistance,
  smallTrainingStep,
  type GradientProblem,
} from '@node-ode/tools/accuracy';
import { describe, expect, it } from 'vitest';
import { adjoint } from './index.ts';

testGradientMethod(() => adjoint());
testGradientMethod(() => ({ ...adjoint({ seminorm: true }), name: 'adjoint with seminorm' }), { solver: dopri5() });

const tight = { rtol: 1e-11, atol: 1e-12 };
const odeWith = (gradient: GradientMethod, tolerances = tight) =>
  createOde({ backend: reference(), solver: dopri5(), gradient, dtype: 'f64', maxSteps: 100_000, ...tolerances });
const methods = [
  ['adjoint', adjoint()],
  ['adjoint with seminorm', adjoint({ seminorm: true })],
] as const;

describe.each(methods)('gradients by %s', (_, method) => {
  it.each([
    ['forwards', linearProblem(), linearValues],
    ['backwards', backwards(linearProblem()), { ...linearValues, ts: linearValues.ts.toReversed() }],
  ])('of the linear problem are exact, %s in time: y0, parameters and every time', async (__, problem, values) => {
    const { gradient } = await gradientOf(odeWith(method), problem);
    for (const distance of Object.values(distances(gradient, exactGradient(values)))) {
      expect(distance).toBeLessThan(1e-9);
    }
    expect(gradient['unused']).toEqual([0, 0, 0]);
  });

  it('counts every execution of the dynamics', async ({ skip }) => {
    const { stats } = await gradientOf(odeWith(method), networkProblem());
    expect(stats.nfeBackward).toBeGreaterThan(100);
    const { calls } = stats.counters ?? skip('this engine does not count');
    expect(stats.nfe + stats.nfeBackward).toBe(calls['dynamics']);
  });
});

it.each([linearProblem(), networkProblem(), backwards(networkProblem())])(
  'gradients of the $name are those of central differences and of backprop',
  async (problem) => {
    const through = await gradientOf(odeWith(backprop()), problem);
    const differences = await differencesOf(odeWith(backprop()), problem);
    for (const [, method] of methods) {
      const { gradient, value } = await gradientOf(odeWith(method), problem);
      expect(value).toBe(through.value);
      for (const distance of Object.values(distances(gradient, through.gradient))) expect(distance).toBeLessThan(1e-8);
      // differences of solves with 1e-11 of error, over 1e-3
      for (const distance of Object.values(distances(gradient, differences))) expect(distance).toBeLessThan(1e-7);
      expect(gradient['unused']?.every((x) => x === 0)).toBe(true);
    }
  },
);

it('has exact second derivatives on the linear problem: y0, parameters and every time', async () => {
  const found = await hessianOf(odeWith(adjoint()), linearProblem(), ['y0', 'matrix', 'ts']);
  exactHessian(linearValues).forEach((row, i) =>
    row.forEach((exact, k) => expect(Math.abs((found[i]?.[k] ?? NaN) - exact)).toBeLessThan(1e-8)),
  );
});

describe('options', () => {
  const exact = exactGradient(linearValues);
  const error = async (method: GradientMethod, tolerances = tight): Promise<number> =>
    relativeDistance((await gradientOf(odeWith(method, tolerances), linearProblem())).gradient, exact);

  it('take tolerances of the backward solve', async () => {
    const cost = async (method: GradientMethod) => (await gradientOf(odeWith(method), linearProblem())).stats;
    const [fine, coarse] = [await cost(adjoint()), await cost(adjoint({ rtol: 1e-5, atol: 1e-6 }))];
    expect(coarse.nfe).toBe(fine.nfe);
    expect(coarse.nfeBackward).toBeLessThan(fine.nfeBackward / 3);
    expect(await error(adjoint({ rtol: 1e-5, atol: 1e-6 }))).toBeLessThan(1e-4);
    expect(await error(adjoint({ rtol: 1e-5, atol: 1e-6 }))).toBeGreaterThan(1e-9);
  });

  it('take another solver, and another controller', async () => {
    expect(await error(adjoint({ solver: tsit5() }))).toBeLessThan(1e-9);
    expect(await error(adjoint({ solver: rk4(), controller: constantStep({ h: 0.005 }) }))).toBeLessThan(1e-8);
    const fixed = odeWith(adjoint({ solver: rk4(), controller: constantStep({ h: 0.1 }) }));
    const { stats } = await gradientOf(fixed, linearProblem());
    // intervals of 0.6, 0.3 and 1.3 in steps of 0.1, four evaluations each, and one for each of the four times
    expect(stats.nfeBackward).toBe(4 * (6 + 3 + 13) + 4);
  });

  it('take a largest number of steps, and name where the backward solve stopped', async () => {
    const ode = odeWith(adjoint({ maxSteps: 3 }));
    await expect(gradientOf(ode, linearProblem())).rejects.toMatchObject({ reason: 'maxSteps', steps: 3 });
  });

  it('take tolerances like the state', async () => {
    const run = async (rtol: { readonly fast: number; readonly slow: number }) => {
      const ode = createOde({
        backend: reference(),
        solver: dopri5(),
        gradient: adjoint(),
        dtype: 'f64',
        rtol,
        atol: 1e-9,
      });
      const step = ode.compile((rate: Tensor) =>
        valueAndGrad((r: Tensor) => {
          const f = (_t: Tensor, y: { readonly fast: Tensor; readonly slow: Tensor }) => ({
            fast: y.fast.mul(r.mul(-20)),
            slow: y.slow.mul(r.neg()),
          });
          const { ys } = ode.odeint(f, { fast: 1, slow: 1 }, [0, 2]);
          return ys.fast.at(1).add(ys.slow.at(1));
        })(rate),
      );
      const { result, stats } = await step.run(0.5);
      return { gradient: (await result.grad.read()).data[0] ?? NaN, stats };
    };
    const exactRate = -40 * Math.exp(-20) - 2 * Math.exp(-1);
    const [tightly, loosely] = [await run({ fast: 1e-9, slow: 1e-9 }), await run({ fast: 1e-2, slow: 1e-9 })];
    expect(loosely.stats.nfe).toBeLessThan(tightly.stats.nfe);
    expect(Math.abs(tightly.gradient - exactRate)).toBeLessThan(1e-7);
    expect(Math.abs(loosely.gradient - exactRate)).toBeLessThan(1e-1);
  });
});

describe('cost', () => {
  it('does not hold more memory for more steps', async ({ skip }) => {
    const peak = async (steps: number): Promise<number> => {
      const { accepted, counters } = await smallTrainingStep(dopri5(), adjoint(), steps);
      expect(accepted).toBe(steps);
      const { tapeEntries, peakBytes } = counters ?? skip('this engine does not count');
      expect(tapeEntries).toBe(0);
      return peakBytes;
    };
    const [few, many] = [await peak(50), await peak(5000)];
    expect(few).toBeGreaterThan(1000);
    expect(Math.abs(many - few) / few).toBeLessThanOrEqual(0.01);
  });

  it('of a million parameters falls with the seminorm', { timeout: 60_000 }, async ({ skip }) => {
    const [whole, semi] = [
      await largeTrainingStep(dopri5(), adjoint()),
      await largeTrainingStep(dopri5(), adjoint({ seminorm: true })),
    ];
    expect(semi.nfe).toBe(whole.nfe);
    expect(semi.nfeBackward).toBeLessThan(whole.nfeBackward);
    for (const { counters, nfe, nfeBackward } of [whole, semi]) {
      const { calls, peakBytes } = counters ?? skip('this engine does not count');
      expect(calls['dynamics']).toBe(nfe + nfeBackward);
      // the parameters, and a dozen of arrays like them for the stages of the backward solve
      expect(peakBytes).toBeLessThan(16 * 4 * 1_001_500);
    }
  });
});

it('fails like the forward solve where that fails', async () => {
  const problem: GradientProblem = {
    name: 'blow-up',
    inputs: { y0: array([1], { dtype: 'f64' }) },
    loss: (ode, x) => ode.odeint((_t, y: Tensor) => y.square(), input(x, 'y0'), [0, 2]).ys.sum(),
  };
  await expect(gradientOf(odeWith(adjoint()), problem)).rejects.toMatchObject({ code: 'SOLVE' });
});
