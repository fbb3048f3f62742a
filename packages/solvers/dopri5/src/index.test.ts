import { testSolver } from '@node-ode/testkit';
import { testAdaptiveSolver } from '@node-ode/tools/adaptive-solver';
import { dopri5 } from './index.ts';

testSolver(() => dopri5(), { denseOrder: 4 });

testAdaptiveSolver(() => dopri5(), {
  orders: { solution: 5, dense: 4, embedded: 4 },
  evaluations: 6,
  steps: [32, 64, 128, 256],
  detest: true,
});
