import { createOde, type Tensor } from '@node-ode/core';
import { reference } from '@node-ode/backend-reference';
import { testSolver } from '@node-ode/testkit';
import { testAdaptiveSolver } from '@node-ode/tools/adaptive-solver';
import { describe, expect, it } from 'vitest';
import { dopri8 } from './index.ts';

testSolver(() => dopri8(), { denseOrder: 5 });

testAdaptiveSolver(() => dopri8(), {
  orders: { solution: 8, dense: 5, embedded: 7 },
  evaluations: 13,
  steps: [8, 12, 16, 24],
  detest: true,
});

describe('times that steps land on', () => {
  const ode = createOde({ backend: reference(), solver: dopri8(), rtol: 1e-10, atol: 1e-10, dtype: 'f64' });
  const times = [0, 1.7, 5.2, 9.9, 20];
  const turn = (_t: Tensor, { p, q }: { readonly p: Tensor; readonly q: Tensor }) => ({ p: q, q: p.neg() });
  const errorWith = async (options: { readonly landAt?: readonly number[] }): Promise<number> => {
    const { ys } = await ode.solve(turn, { p: 0, q: 1 }, times, options);
    return Math.max(...times.map((t, i) => Math.abs((ys.p.data[i] as number) - Math.sin(t))));
  };

  it('have the accuracy of order 8, which the dense output has not', async () => {
    const [within, landed] = [await errorWith({}), await errorWith({ landAt: times })];
    expect(landed).toBeLessThan(2e-10);
    expect(within).toBeGreaterThan(10 * landed);
  });
});
