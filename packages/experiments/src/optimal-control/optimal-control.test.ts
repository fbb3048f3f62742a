import { reference } from '@node-ode/backend-reference';
import { array, createOde, random, select } from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { firstState, neuralControl, trainingStep, type Control } from './control.ts';
import { followPath } from './pontryagin.ts';
import { leastEnergy, leastTime, start } from './problems.ts';

const parts = { solver: dopri5(), gradient: adjoint(), dtype: 'f64' } as const;
const ode = createOde({ ...parts, backend: reference(), rtol: 1e-8, atol: 1e-10 });

describe('the closed forms', () => {
  it.each([leastEnergy, leastTime])(
    '$name: the optimal control goes where they say, with the costates they say',
    async (problem) => {
      const { optimum } = problem;
      const { duration: T } = optimum;
      const exact: Control = {
        u: (_, s) => (problem.free ? select(s.less(0.5), s.mul(0).sub(1), s.mul(0).add(1)) : s.mul(12).sub(6)),
        duration: ({ logDuration }) => logDuration.mul(0).add(T),
      };
      const params = neuralControl(problem, 2).init(random(0));
      const lambda = { x: optimum.px(T), v: optimum.pv(T) };
      const path = await followPath(ode, problem, exact, params, lambda, start, 5);
      // the control of least time jumps where no step ends: the solver finds it to its tolerance
      const digits = problem.free ? 5 : 7;
      expect(path.cost).toBeCloseTo(optimum.cost, digits);
      path.t.forEach((t, k) => {
        for (const name of ['x', 'v', 'px', 'pv'] as const) expect(path[name][k]).toBeCloseTo(optimum[name](t), digits);
        if (!problem.free || t !== 1) expect(path.hamiltonian[k]).toBeCloseTo(optimum.hamiltonian, digits);
      });
    },
  );
});

describe('training', () => {
  it('comes nearer to the target', async () => {
    const control = neuralControl(leastEnergy, 4);
    const training = { steps: 40, learningRate: 0.05, mu: 20, multiplierRate: 2 };
    const step = trainingStep(
      createOde({ ...parts, backend: reference(), rtol: 1e-3, atol: 1e-3 }),
      leastEnergy,
      control,
      training,
    );
    const from = { x: array(1, { dtype: 'f64' }), v: array(0, { dtype: 'f64' }) };
    const misses: number[] = [];
    let state: Parameters<typeof step>[0] = firstState(control.init(random(0)), training);
    for (let i = 0; i < training.steps; i++) {
      const result = await step(state, from);
      misses.push((await result.miss.read()).data[0] ?? NaN);
      state = result.state;
    }
    expect(misses.at(-1)).toBeLessThan(0.5 * (misses[0] ?? NaN));
  });
});
