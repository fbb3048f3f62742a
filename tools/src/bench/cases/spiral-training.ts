/** Case 2: training on the cubic spiral, as torchdiffeq's ode_demo. */
import { random, toNested } from '@node-ode/core';
import { cubicSpiral } from '@node-ode/datasets';
import type { GradientName, TrainingTask } from '../problem.ts';
import { demoLayers } from '../weights.ts';
import { maxSteps, usualBound, type BenchCase, type TimedExperiment } from './case.ts';
import { kernelCallsAlone } from './tfjs.ts';

const window = 10;
const batchSize = 20;

/** Training steps after which ode_demo, too, would be done. */
const limit = 2000;

function experiment(gradient: GradientName, quick: boolean): TimedExperiment {
  const spiral = cubicSpiral({ batchTime: window });
  const { t, y } = spiral.trajectory;
  const rng = random(0);
  const windows = spiral.size('train');
  const task: TrainingTask = {
    kind: 'training',
    gradient,
    ts: Array.from(t.data),
    ys: toNested(y) as readonly (readonly number[])[],
    window,
    batches: Array.from({ length: limit }, () => Array.from(rng.shuffle(windows).subarray(0, batchSize))),
    iterations: quick ? 5 : 20,
    learningRate: 1e-3,
  };
  return {
    kind: 'timed',
    name: gradient,
    problem: {
      dtype: 'f32',
      dynamics: {
        kind: 'mlp',
        power: 3,
        layers: demoLayers([2, 50, 2], 0),
        activation: 'tanh',
        finalActivation: 'identity',
      },
      task,
      rtol: 1e-7,
      atol: 1e-9,
      maxSteps,
    },
    bound: usualBound,
    targets: [
      { peer: 'torchdiffeq', ratio: 20 },
      { peer: 'diffrax', ratio: 1, isStrict: true },
    ],
    yardsticks: kernelCallsAlone(task),
    ...(quick ? {} : { reach: { target: 0.1, every: 20, limit, seconds: 300 } }),
  };
}

export const spiralTraining: BenchCase = {
  id: 2,
  title: 'cubic spiral, training',
  description:
    "torchdiffeq's ode_demo: network 2-50-2 with tanh on y³, weights normal with standard deviation 0.1; 1000 points on t from 0 to 25; batches of 20 windows of 10 points, the same for everyone; mean absolute error; RMSprop at 1e-3; rtol 1e-7, atol 1e-9. A unit is one training step; a round is the first 20 of them (5 with `--quick`), from the same weights. The test loss is the mean absolute error over the 1000 points, solved from (2, 0); it is looked at after each 20 steps, and that is part of the time.",
  experiments: (quick) => [experiment('adjoint', quick), experiment('backprop', quick)],
};
