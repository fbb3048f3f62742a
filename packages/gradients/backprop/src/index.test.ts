import { reference } from '@node-ode/backend-reference';
import { createOde, pid, valueAndGrad, type Tensor } from '@node-ode/core';
import { dopri5 } from '@node-ode/solver-dopri5';
import { euler } from '@node-ode/solver-euler';
import { rk4 } from '@node-ode/solver-rk4';
import { testGradientMethod } from '@node-ode/testkit';
import {
  backwards,
  differencesOf,
  distances,
  exactGradient,
  exactHessian,
  gradientOf,
  hessianOf,
  linearProblem,
  linearValues,
  networkProblem,
  smallTrainingStep,
} from '@node-ode/tools/accuracy';
import { describe, expect, it } from 'vitest';
import { backprop } from './index.ts';

testGradientMethod(() => backprop());

const ode = createOde({
  backend: reference(),
  solver: dopri5(),
  gradient: backprop(),
  rtol: 1e-11,
  atol: 1e-12,
  dtype: 'f64',
});

describe('gradients', () => {
  it.each([
    ['forwards', linearProblem(), linearValues],
    ['backwards', backwards(linearProblem()), { ...linearValues, ts: linearValues.ts.toReversed() }],
  ])('of the linear problem are exact, %s in time: y0, parameters and every time', async (_, problem, values) => {
    const { gradient } = await gradientOf(ode, problem);
    for (const distance of Object.values(distances(gradient, exactGradient(values)))) {
      expect(distance).toBeLessThan(1e-9);
    }
    expect(gradient['unused']).toEqual([0, 0, 0]);
  });

  it.each([linearProblem(), networkProblem(), backwards(networkProblem())])(
    'of the $name are those of central differences',
    async (problem) => {
      const { gradient } = await gradientOf(ode, problem);
      // differences of solves with 1e-11 of error, over 1e-3
      for (const distance of Object.values(distances(gradient, await differencesOf(ode, problem)))) {
        expect(distance).toBeLessThan(1e-7);
      }
      expect(gradient['unused']?.every((x) => x === 0)).toBe(true);
    },
  );

  it('are those of the discrete solution, however coarse', async () => {
    // steps of one size make the solve a smooth function of its inputs: differences are good to h⁴ and rounding over h
    const coarse = createOde({ backend: reference(), solver: rk4(), gradient: backprop(), h: 0.5, dtype: 'f64' });
    const problem = networkProblem();
    const { gradient } = await gradientOf(coarse, problem);
    const differences = await differencesOf(coarse, problem, 3e-4);
    const exact = (await gradientOf(ode, problem)).gradient;
    for (const name of ['y0', 'w1', 'b1', 'w2', 'b2']) {
      expect(distances(gradient, differences)[name]).toBeLessThan(1e-9);
      expect(distances(gradient, exact)[name]).toBeGreaterThan(1e-6);
    }
  });

  it('of three steps of Euler with h = 1 are those of three residual blocks', async () => {
    const blocks = createOde({ backend: reference(), solver: euler(), gradient: backprop(), h: 1, dtype: 'f64' });
    const layer = (w: Tensor, y: Tensor): Tensor => y.mul(w).tanh();
    const both = blocks.compile((w: Tensor, y0: Tensor) => {
      const solved = ([u, x]: readonly [Tensor, Tensor]): Tensor =>
        blocks.odeint((_t, y: Tensor) => layer(u, y), x, [0, 3]).ys.at(1);
      const stacked = ([u, x]: readonly [Tensor, Tensor]): Tensor => {
        let y = x;
        for (let i = 0; i < 3; i++) y = y.add(layer(u, y));
        return y;
      };
      return [valueAndGrad(solved)([w, y0]), valueAndGrad(stacked)([w, y0])] as const;
    });
    const [solve, network] = await both(0.7, 0.4);
    const read = async (x: { read(): Promise<{ readonly data: ArrayLike<number> }> }): Promise<number> =>
      (await x.read()).data[0] ?? NaN;
    expect(await read(solve.value)).toBe(await read(network.value));
    expect(await read(solve.grad[0])).toBeCloseTo(await read(network.grad[0]), 14);
    expect(await read(solve.grad[1])).toBeCloseTo(await read(network.grad[1]), 14);
  });

  it('are untouched by rejected steps, though these are not finite', async () => {
    // y' = −√y from y0 is (√y0 − t/2)²: the first step tried leads below zero
    const controller = pid({ rtol: 1e-10, atol: 1e-10, firstStep: 1.9 });
    const careful = createOde({
      backend: reference(),
      solver: dopri5(),
      gradient: backprop(),
      controller,
      dtype: 'f64',
    });
    const step = careful.compile((y0: Tensor) =>
      valueAndGrad((x: Tensor) => careful.odeint((_t, y: Tensor) => y.sqrt().neg(), x, [0, 1.9]).ys.at(1))(y0),
    );
    const { result, stats } = await step.run(1);
    expect(stats.rejected).toBeGreaterThan(0);
    expect((await result.value.read()).data[0]).toBeCloseTo((1 - 0.95) ** 2, 9);
    expect((await result.grad.read()).data[0]).toBeCloseTo(1 - 0.95, 8);
  });
});

it('has exact second derivatives on the linear problem: y0, parameters and every time', async () => {
  const found = await hessianOf(ode, linearProblem(), ['y0', 'matrix', 'ts']);
  exactHessian(linearValues).forEach((row, i) =>
    // ∂²y/∂t² is that of the dense output: two orders less than the solution
    row.forEach((exact, k) => expect(Math.abs((found[i]?.[k] ?? NaN) - exact)).toBeLessThan(2e-7)),
  );
});

describe('cost', () => {
  it('counts every execution of the dynamics: each accepted step is computed once more', async ({ skip }) => {
    const { stats } = await gradientOf(ode, networkProblem());
    expect(stats.nfeBackward).toBe(6 * stats.accepted);
    const { calls } = stats.counters ?? skip('this engine does not count');
    expect(stats.nfe + stats.nfeBackward).toBe(calls['dynamics']);
  });

  it('tapes one entry a step and grows linearly', async ({ skip }) => {
    const peak = async (steps: number): Promise<number> => {
      const { accepted, counters } = await smallTrainingStep(dopri5(), backprop(), steps);
      expect(accepted).toBe(steps);
      const { tapeEntries, peakBytes } = counters ?? skip('this engine does not count');
      expect(tapeEntries).toBeLessThanOrEqual(accepted + 1);
      return peakBytes;
    };
    const [few, some, many] = [await peak(50), await peak(500), await peak(5000)];
    const [first, second] = [(some - few) / 450, (many - some) / 4500];
    // the state and its slope, 20 × 2 numbers of f32 each, and the scalars of a step
    expect(first).toBeGreaterThan(2 * 160);
    expect(second / first).toBeGreaterThan(0.99);
    expect(second / first).toBeLessThan(1.01);
  });

  it('tapes nothing for rejected steps', async ({ skip }) => {
    const controller = pid({ rtol: 1e-8, atol: 1e-8, firstStep: 2 });
    const eager = createOde({ backend: reference(), solver: dopri5(), gradient: backprop(), controller, dtype: 'f64' });
    const { stats } = await gradientOf(eager, networkProblem());
    expect(stats.rejected).toBeGreaterThan(0);
    const { tapeEntries } = stats.counters ?? skip('this engine does not count');
    expect(tapeEntries).toBeLessThanOrEqual(stats.accepted + 1);
  });
});
