import { reference } from '@node-ode/backend-reference';
import { constantStep, createOde, type Tensor } from '@node-ode/core';
import { testSolver } from '@node-ode/testkit';
import { sine } from '@node-ode/testkit/problems';
import { convergence, measure } from '@node-ode/tools/accuracy';
import { attainedOrders } from '@node-ode/tools/order-conditions';
import { describe, expect, it } from 'vitest';
import { rk4, rk4ThreeEighths } from './index.ts';

testSolver(() => rk4(), { denseOrder: 3 });
testSolver(() => rk4ThreeEighths(), { denseOrder: 3 });

describe.each([
  ['rk4', rk4],
  ['rk4ThreeEighths', rk4ThreeEighths],
])('%s', (_, make) => {
  it('satisfies the conditions of order 4 and no more, its dense output those of order 3', async () => {
    expect(await attainedOrders(make())).toEqual({ solution: 4, dense: 3, embedded: undefined });
  });

  it('converges with order 4', async () => {
    const { slope } = await convergence(make(), [64, 128, 256, 512]);
    expect(Math.abs(slope - 4)).toBeLessThan(0.3);
  });

  it('makes four evaluations a step', async () => {
    const { nfe, executed, accepted } = await measure(sine('f64'), make(), constantStep({ h: 0.07 }));
    expect(accepted).toBe(100);
    expect([nfe, executed]).toEqual([400, 400]);
  });
});

it.each([
  // ∫₀² of t⁴ by Simpson's rule with nodes 0, 1, 2 and by the 3/8 rule with nodes 0, ⅔, 4/3, 2
  ["Simpson's rule", rk4, (4 * 1 + 16) / 3],
  ['the 3/8 rule', rk4ThreeEighths, (3 * (2 / 3) ** 4 + 3 * (4 / 3) ** 4 + 16) / 4],
])('is %s where f depends on t alone', async (_, make, expected) => {
  const ode = createOde({ backend: reference(), solver: make(), h: 2, dtype: 'f64' });
  const { ys } = await ode.solve((t: Tensor, y: Tensor) => t.square().square().add(y.mul(0)), 0, [0, 2]);
  expect(ys.data[1]).toBeCloseTo(expected, 13);
});
