import { constantStep } from '@node-ode/core';
import { testSolver } from '@node-ode/testkit';
import { sine } from '@node-ode/testkit/problems';
import { convergence, measure } from '@node-ode/tools/accuracy';
import { attainedOrders } from '@node-ode/tools/order-conditions';
import { describe, expect, it } from 'vitest';
import { midpoint } from './index.ts';

testSolver(() => midpoint(), { denseOrder: 2 });

describe('midpoint', () => {
  it('satisfies the conditions of order 2 and no more, and so does its dense output', async () => {
    expect(await attainedOrders(midpoint())).toEqual({ solution: 2, dense: 2, embedded: undefined });
  });

  it('converges with order 2', async () => {
    const { slope } = await convergence(midpoint(), [256, 512, 1024, 2048]);
    expect(Math.abs(slope - 2)).toBeLessThan(0.3);
  });

  it('makes two evaluations a step', async () => {
    const { nfe, executed, accepted } = await measure(sine('f64'), midpoint(), constantStep({ h: 0.07 }));
    expect(accepted).toBe(100);
    expect([nfe, executed]).toEqual([200, 200]);
  });
});
