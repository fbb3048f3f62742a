import { rungeKutta } from '@node-ode/core';
import { attainedOrders } from '@node-ode/tools/order-conditions';
import { expect, it } from 'vitest';
import { startingMethod } from './starting-method.ts';

it.each([1, 2, 3, 4, 5, 6, 7])('of order %d: the solution and the dense output', async (order) => {
  const { tableau, quadrature } = startingMethod(order);
  expect(await attainedOrders(rungeKutta(tableau))).toMatchObject({ solution: order, dense: order });
  expect(tableau.b).toHaveLength(1 + (order * (order - 1)) / 2);
  expect([...tableau.b.slice(0, 1), ...tableau.b.slice(tableau.b.length - order + 1)]).toEqual(quadrature.weights);
});

it("is Heun's method in order 2", () => {
  expect(startingMethod(2).tableau).toMatchObject({ c: [0, 1], a: [[], [1]], b: [1 / 2, 1 / 2] });
});
