import { testSolver } from '@node-ode/testkit';
import { testStiffSolver } from '@node-ode/tools/stiff-solver';
import { kvaerno5 } from './index.ts';

testSolver(() => kvaerno5(), { denseOrder: 4, stiff: true });

testStiffSolver(() => kvaerno5(), {
  orders: { solution: 5, dense: 4, embedded: 4 },
  steps: [32, 64, 128],
  within: 2e-4,
  cost: { robertson: { steps: 75, nfe: 1250 }, vanDerPol: { steps: 530, nfe: 8500 } },
});
