import { rungeKutta } from '@node-ode/core';
import { describe, it } from 'vitest';
import { solverChecks } from './checks.ts';

const rk4 = () =>
  rungeKutta({
    name: 'rk4',
    order: 4,
    c: [0, 1 / 2, 1 / 2, 1],
    a: [[], [1 / 2], [0, 1 / 2], [0, 0, 1]],
    b: [1 / 6, 1 / 3, 1 / 3, 1 / 6],
  });
describe('rk4', () => {
  for (const { name, run } of solverChecks(rk4, {denseOrder: 2})) it(name, run);
});
