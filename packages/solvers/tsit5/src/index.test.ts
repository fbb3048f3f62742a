import { testSolver } from '@node-ode/testkit';
import { testAdaptiveSolver } from '@node-ode/tools/adaptive-solver';
import { tsit5 } from './index.ts';

testSolver(() => tsit5(), { denseOrder: 4 });

testAdaptiveSolver(() => tsit5(), {
  orders: { solution: 5, dense: 4, embedded: 4 },
  evaluations: 6,
  steps: [32, 64, 128, 256],
  detest: true,
});
