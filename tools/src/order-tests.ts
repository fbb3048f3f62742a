/** Tests in vitest of the orders that a solver claims: by its conditions of order, and by convergence. */
import type { Solver } from '@node-ode/core';
import { expect, it } from 'vitest';
import { convergence } from './accuracy/index.ts';
import { attainedOrders, type AttainedOrders } from './order-conditions.ts';

/** Declares the tests, with numbers of steps whose errors are well above rounding. */
export function testOrders(make: () => Solver, orders: AttainedOrders, steps: readonly number[]): void {
  const { solution, dense, embedded } = orders;
  it(`satisfies the conditions of order ${solution}, its dense output of ${dense}, its embedded solution of ${embedded}, and no more`, async () => {
    expect(await attainedOrders(make())).toEqual(orders);
    expect(make().errorOrder).toBe(embedded);
  });

  it(`converges with order ${solution}`, async () => {
    const { slope } = await convergence(make(), steps);
    expect(slope).toBeGreaterThan(solution - 0.3);
    // At a high order the errors above rounding are those of large steps, where the next coefficient counts too.
    expect(slope).toBeLessThan(solution + (solution <= 5 ? 0.3 : 0.6));
  });
}
