import { constantStep } from '@node-ode/core';
import { testSolver } from '@node-ode/testkit';
import { reversed, sine } from '@node-ode/testkit/problems';
import {
  convergence,
  measure,
  measureAdaptive,
  torchdiffeqCases,
  torchdiffeqTolerances,
} from '@node-ode/tools/accuracy';
import { attainedOrders } from '@node-ode/tools/order-conditions';
import { describe, expect, it } from 'vitest';
import { heun } from './index.ts';

testSolver(() => heun(), { denseOrder: 2 });

describe('heun', () => {
  it('satisfies the conditions of order 2, its dense output of 2, its embedded solution of 1, and no more', async () => {
    expect(await attainedOrders(heun())).toEqual({ solution: 2, dense: 2, embedded: 1 });
    expect(heun().errorOrder).toBe(1);
  });

  it('converges with order 2', async () => {
    const { slope } = await convergence(heun(), [256, 512, 1024, 2048]);
    expect(Math.abs(slope - 2)).toBeLessThan(0.3);
  });

  it('makes two evaluations a step, and one more at the first', async () => {
    const { nfe, executed, accepted } = await measure(sine('f64'), heun(), constantStep({ h: 0.07 }));
    expect(accepted).toBe(100);
    expect([nfe, executed]).toEqual([201, 201]);
  });

  it('makes no evaluation twice where steps are rejected', async () => {
    const problem = reversed(sine('f64'));
    const { nfe, executed, accepted, rejected } = await measureAdaptive(problem, heun(), torchdiffeqTolerances);
    expect(rejected).toBeGreaterThan(5);
    // two before the first step: the slope there, and the one that its size is chosen by
    const expected = 2 + 2 * (accepted + rejected);
    expect([nfe, executed]).toEqual([expected, expected]);
  });

  it.each(torchdiffeqCases(heun()))("solves torchdiffeq's problem $title", async ({ problem, bound }) => {
    const { relativeError, nfe, executed } = await measureAdaptive(problem, heun(), torchdiffeqTolerances);
    expect(relativeError).toBeLessThan(bound);
    expect(nfe).toBe(executed);
  });
});
