import { array, createOde } from '@node-ode/core';
import {
  testBackend,
  testDataset,
  testGradientMethod,
  testModel,
  testSolver,
  testStepController,
} from '@node-ode/testkit';
import { adamsBashforth2, cashKarp, counted, halving, linearFlowModel, squareRoot, squares } from './index.ts';

testSolver(() => cashKarp());
testSolver(() => adamsBashforth2());
testStepController((options) => halving(options), { factors: [0.5, 2] });
testGradientMethod(() => squareRoot());
testBackend(() => counted(), { title: 'counted' });

const ode = createOde({ backend: counted(), solver: cashKarp(), rtol: 1e-10, atol: 1e-10 });
const { loss: _, ...model } = linearFlowModel({ ode, dtype: 'f32', features: 2, outputs: 1 });
testModel(() => model, {
  input: (rng) => array([0, 1, 2].map(() => [rng.normal(), rng.normal()])),
  outputShapes: [[3, 1]],
});

testDataset(() => squares({ samples: 40 }), { splits: ['train', 'test'], title: 'squares' });
