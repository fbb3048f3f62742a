import { testSolver } from '@node-ode/testkit';
import { attainedOrders } from '@node-ode/tools/order-conditions';
import { expect, it } from 'vitest';
import { kvaerno3 } from './index.ts';

testSolver(() => kvaerno3(), { denseOrder: 3 });
it('orders', async () => {
  expect(await attainedOrders(kvaerno3())).toEqual({ solution: 3, dense: 3, embedded: 2 });
});
