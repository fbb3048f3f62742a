import { reference } from '@node-ode/backend-reference';
import { createOde, pid, valueAndGrad, type GradientMethod, type Tensor } from '@node-ode/core';
import { backprop } from '@node-ode/gradient-backprop';
import { dopri5 } from '@node-ode/solver-dopri5';
import { rk4 } from '@node-ode/solver-rk4';
import { testGradientMethod } from '@node-ode/testkit';
import {
  backwards,
  distances,
  gradientOf,
  hessianOf,
  linearProblem,
  networkProblem,
  smallTrainingStep,
} from '@node-ode/tools/accuracy';
import { describe, expect, it } from 'vitest';
import { checkpointed } from './index.ts';

testGradientMethod(() => checkpointed());
testGradientMethod(() => ({ ...checkpointed({ checkpoints: 4 }), name: 'four checkpoints' }), { solver: dopri5() });

const odeWith = (gradient: GradientMethod, tolerance = 1e-9) =>
  createOde({
    backend: reference(),
    solver: dopri5(),
    gradient,
    dtype: 'f64',
    rtol: tolerance,
    atol: tolerance,
    maxSteps: 100_000,
  });

describe('gradients are those of backprop', () => {
  // from a tape of all steps to one of a single step, on 20 to 50 steps
  it.each([4, 5, 6, 7, 8, 13, 28, 100, undefined])('with %s checkpoints', async (checkpoints) => {
    for (const problem of [linearProblem(), networkProblem(), backwards(networkProblem())]) {
      const through = await gradientOf(odeWith(backprop()), problem);
      const found = await gradientOf(odeWith(checkpointed(checkpoints === undefined ? {} : { checkpoints })), problem);
      expect(found.value).toBe(through.value);
      expect(found.stats.nfe).toBe(through.stats.nfe);
      // The same products, their sums over steps in another order.
      for (const distance of Object.values(distances(found.gradient, through.gradient))) {
        expect(distance).toBeLessThan(1e-13);
      }
      expect(found.gradient['unused']?.every((x) => x === 0)).toBe(true);
    }
  });

  it('with steps of one size', async () => {
    const fixed = (gradient: GradientMethod) =>
      createOde({ backend: reference(), solver: rk4(), gradient, h: 0.01, dtype: 'f64' });
    const through = await gradientOf(fixed(backprop()), networkProblem());
    const found = await gradientOf(fixed(checkpointed({ checkpoints: 8 })), networkProblem());
    for (const distance of Object.values(distances(found.gradient, through.gradient))) {
      expect(distance).toBeLessThan(1e-13);
    }
  });

  it('where steps are rejected, though what these computed is not finite', async () => {
    // y' = −√y from y0 is (√y0 − t/2)²: the first step tried leads below zero
    const controller = pid({ rtol: 1e-10, atol: 1e-10, firstStep: 1.9 });
    const careful = createOde({
      backend: reference(),
      solver: dopri5(),
      gradient: checkpointed({ checkpoints: 4 }),
      controller,
      dtype: 'f64',
    });
    const step = careful.compile((y0: Tensor) =>
      valueAndGrad((x: Tensor) => careful.odeint((_t, y: Tensor) => y.sqrt().neg(), x, [0, 1.9]).ys.at(1))(y0),
    );
    const { result, stats } = await step.run(1);
    expect(stats.rejected).toBeGreaterThan(0);
    expect((await result.grad.read()).data[0]).toBeCloseTo(1 - 0.95, 8);
  });
});

it.each([4, 28])('has the second derivatives of backprop, with %d checkpoints', async (checkpoints) => {
  const names = ['y0', 'matrix', 'ts'];
  // a dozen of steps: more than four checkpoints hold
  const [through, found] = await Promise.all(
    [backprop(), checkpointed({ checkpoints })].map((method) =>
      hessianOf(odeWith(method, 1e-5), linearProblem(), names),
    ),
  );
  found?.forEach((row, i) =>
    row.forEach((x, k) =>
      expect(Math.abs(x - (through?.[i]?.[k] ?? NaN))).toBeLessThan(1e-12 * Math.max(1, Math.abs(x))),
    ),
  );
});

describe('cost', () => {
  it('counts every execution of the dynamics, those of steps run again too', async ({ skip }) => {
    for (const checkpoints of [4, 12]) {
      const { stats } = await gradientOf(odeWith(checkpointed({ checkpoints })), networkProblem());
      const { calls } = stats.counters ?? skip('this engine does not count');
      expect(stats.nfe + stats.nfeBackward).toBe(calls['dynamics']);
    }
  });

  it('runs steps again as seldom as binomial checkpointing promises', async () => {
    // Each of n steps is run at least once more for its tape and once to be pulled back. In between, a chain of l windows is
    // reversed by s checkpoints in at most r repetitions if l ≤ (s + r)!/(s!·r!).
    const cost = async (steps: number, checkpoints: number): Promise<number> => {
      const { nfeBackward, accepted } = await smallTrainingStep(dopri5(), checkpointed({ checkpoints }), steps);
      expect(accepted).toBe(steps);
      return nfeBackward / (6 * steps);
    };
    // a tape of 7 steps and 14 checkpoints at equal distances: nothing in between
    expect(await cost(98, 28)).toBeCloseTo(2, 10);
    // 72 windows: 21 checkpoints reverse 253 of them in two repetitions, of which the forward solve spares most of one
    expect(await cost(500, 28)).toBeLessThan(3);
    expect(await cost(5000, 28)).toBeLessThan(4);
    // a tape of one step and 3 checkpoints: C(3 + 6, 3) = 84 < 100 < C(3 + 7, 3) = 120
    expect(await cost(100, 4)).toBeLessThan(1 + 7);
  });

  it('does not hold more memory for more steps', async ({ skip }) => {
    const cost = async (steps: number, method: GradientMethod) => {
      const { counters } = await smallTrainingStep(dopri5(), method, steps);
      return counters ?? skip('this engine does not count');
    };
    const given = () => checkpointed({ checkpoints: 28 });
    const [few, many] = [await cost(500, given()), await cost(5000, given())];
    expect(few.peakBytes).toBeGreaterThan(1000);
    expect(many.peakBytes / few.peakBytes).toBeLessThan(1.05);
    // a quarter of the states that are held
    expect([few.tapeEntries, many.tapeEntries]).toEqual([7, 7]);
    // By default it is 2·log₂ of maxSteps, here of the steps: 14 for 101, 26 for 5001.
    const [short, long] = [await cost(100, checkpointed()), await cost(5000, checkpointed())];
    expect([short.tapeEntries, long.tapeEntries]).toEqual([3, 6]);
    expect(long.peakBytes / short.peakBytes).toBeLessThan(1.3);
  });

  it('takes a budget', async ({ skip }) => {
    const peak = async (checkpoints: number): Promise<number> => {
      const { counters } = await smallTrainingStep(dopri5(), checkpointed({ checkpoints }), 300);
      return (counters ?? skip('this engine does not count')).peakBytes;
    };
    const [small, medium, large] = [await peak(8), await peak(64), await peak(120)];
    // y and its slope in f32, 20 × 2 each: 320 bytes a checkpoint and some scalars. Engines hold up to three
    // copies: a loop's operands, and the two buffers of a carry.
    expect((large - medium) / (120 - 64)).toBeGreaterThan(300);
    expect((large - medium) / (120 - 64)).toBeLessThan(1000);
    expect(small).toBeLessThan(medium);
  });
});

it.each([3, 0, 4.5, NaN])('refuses %s checkpoints', (checkpoints) => {
  expect(() => checkpointed({ checkpoints })).toThrow(expect.objectContaining({ code: 'OPTION' }));
});
