import { testSolver } from '@node-ode/testkit';
import { testStiffSolver } from '@node-ode/tools/stiff-solver';
import { kvaerno3 } from './index.ts';

testSolver(() => kvaerno3(), { denseOrder: 3, stiff: true });

testStiffSolver(() => kvaerno3(), {
  orders: { solution: 3, dense: 3, embedded: 2 },
  steps: [64, 128, 256],
  within: 1e-5,
  cost: { robertson: { steps: 700, nfe: 3700 }, vanDerPol: { steps: 3600, nfe: 19_500 } },
});
