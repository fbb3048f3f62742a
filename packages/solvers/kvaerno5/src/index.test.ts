import { testSolver } from '@node-ode/testkit';
import { attainedOrders } from '@node-ode/tools/order-conditions';
import { expect, it } from 'vitest';
import { kvaerno5 } from './index.ts';

testSolver(() => kvaerno5(), { denseOrder: 4 });
it('orders', async () => {
  expect(await attainedOrders(kvaerno5())).toEqual({ solution: 5, dense: 4, embedded: 4 });
});
