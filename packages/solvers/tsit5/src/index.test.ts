import { constantStep } from '@node-ode/core';
import { testSolver } from '@node-ode/testkit';
import { reversed, sine } from '@node-ode/testkit/problems';
import {
  convergence,
  detestCases,
  detestTolerances,
  measure,
  measureAdaptive,
  torchdiffeqCases,
  torchdiffeqTolerances,
} from '@node-ode/tools/accuracy';
import { attainedOrders } from '@node-ode/tools/order-conditions';
import { describe, expect, it } from 'vitest';
import { tsit5 } from './index.ts';

testSolver(() => tsit5(), { denseOrder: 4 });

describe('tsit5', () => {
  it('satisfies the conditions of order 5, its dense output of 4, its embedded solution of 4, and no more', async () => {
    expect(await attainedOrders(tsit5())).toEqual({ solution: 5, dense: 4, embedded: 4 });
    expect(tsit5().errorOrder).toBe(4);
  });

  it('converges with order 5', async () => {
    const { slope } = await convergence(tsit5(), [32, 64, 128, 256]);
    expect(Math.abs(slope - 5)).toBeLessThan(0.3);
  });

  it('makes six evaluations a step, and one more at the first', async () => {
    const { nfe, executed, accepted } = await measure(sine('f64'), tsit5(), constantStep({ h: 0.07 }));
    expect(accepted).toBe(100);
    expect([nfe, executed]).toEqual([601, 601]);
  });

  it('makes no evaluation twice where steps are rejected', async () => {
    const problem = reversed(sine('f64'));
    const { nfe, executed, accepted, rejected } = await measureAdaptive(problem, tsit5(), torchdiffeqTolerances);
    expect(rejected).toBeGreaterThan(5);
    // two before the first step: the slope there, and the one that its size is chosen by
    const expected = 2 + 6 * (accepted + rejected);
    expect([nfe, executed]).toEqual([expected, expected]);
  });

  it.each(torchdiffeqCases(tsit5()))("solves torchdiffeq's problem $title", async ({ problem, bound }) => {
    const { relativeError, nfe, executed } = await measureAdaptive(problem, tsit5(), torchdiffeqTolerances);
    expect(relativeError).toBeLessThan(bound);
    expect(nfe).toBe(executed);
  });

  it.each(detestCases())('solves DETEST $title at 1e-8 within 4e-5', async ({ problem, bound }) => {
    const { error, nfe, executed } = await measureAdaptive(problem, tsit5(), detestTolerances);
    expect(error).toBeLessThan(bound);
    expect(nfe).toBe(executed);
  });
});
