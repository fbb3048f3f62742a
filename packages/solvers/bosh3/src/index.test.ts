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
import { bosh3 } from './index.ts';

testSolver(() => bosh3(), { denseOrder: 3 });

describe('bosh3', () => {
  it('satisfies the conditions of order 3, its dense output of 3, its embedded solution of 2, and no more', async () => {
    expect(await attainedOrders(bosh3())).toEqual({ solution: 3, dense: 3, embedded: 2 });
    expect(bosh3().errorOrder).toBe(2);
  });

  it('converges with order 3', async () => {
    const { slope } = await convergence(bosh3(), [64, 128, 256, 512]);
    expect(Math.abs(slope - 3)).toBeLessThan(0.3);
  });

  it('makes three evaluations a step, and one more at the first', async () => {
    const { nfe, executed, accepted } = await measure(sine('f64'), bosh3(), constantStep({ h: 0.07 }));
    expect(accepted).toBe(100);
    expect([nfe, executed]).toEqual([301, 301]);
  });

  it('makes no evaluation twice where steps are rejected', async () => {
    const problem = reversed(sine('f64'));
    const { nfe, executed, accepted, rejected } = await measureAdaptive(problem, bosh3(), torchdiffeqTolerances);
    expect(rejected).toBeGreaterThan(5);
    // two before the first step: the slope there, and the one that its size is chosen by
    const expected = 2 + 3 * (accepted + rejected);
    expect([nfe, executed]).toEqual([expected, expected]);
  });

  it.each(torchdiffeqCases(bosh3()))("solves torchdiffeq's problem $title", async ({ problem, bound }) => {
    const { relativeError, nfe, executed } = await measureAdaptive(problem, bosh3(), torchdiffeqTolerances);
    expect(relativeError).toBeLessThan(bound);
    expect(nfe).toBe(executed);
  });
});
