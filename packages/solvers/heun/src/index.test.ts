import { testSolver } from '@node-ode/testkit';
import { testAdaptiveSolver } from '@node-ode/tools/adaptive-solver';
import { heun } from './index.ts';

testSolver(() => heun(), { denseOrder: 2 });

testAdaptiveSolver(() => heun(), {
  orders: { solution: 2, dense: 2, embedded: 1 },
  evaluations: 2,
  steps: [256, 512, 1024, 2048],
  detest: false,
});
