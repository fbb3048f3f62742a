import { testSolver } from '@node-ode/testkit';
import { testAdaptiveSolver } from '@node-ode/tools/adaptive-solver';
import { bosh3 } from './index.ts';

testSolver(() => bosh3(), { denseOrder: 3 });

testAdaptiveSolver(() => bosh3(), {
  orders: { solution: 3, dense: 3, embedded: 2 },
  evaluations: 3,
  steps: [64, 128, 256, 512],
  detest: false,
});
