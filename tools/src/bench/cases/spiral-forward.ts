/** Case 1: the cubic spiral forward. */
import { random, toNested } from '@node-ode/core';
import { cubicSpiral } from '@node-ode/datasets';
import type { Problem, Task } from '../problem.ts';
import { layersLike } from '../weights.ts';
import { maxSteps, usualBound, type BenchCase } from './case.ts';
import { kernelCallsAlone, tfjsTargets } from './tfjs.ts';

/** A of the cubic spiral y' = y³·A. */
const spiralMatrix = [
  [-0.1, 2],
  [-2, -0.1],
] as const;

/** Everything but what is to be done. */
const problem = (task: Task): Problem => ({
  dtype: 'f32',
  dynamics: {
    kind: 'mlp',
    power: 3,
    // |y³| is 8 at most, a few times 1 along the trajectory: 0.1 keeps tanh about linear, yet not linear.
    layers: layersLike(spiralMatrix, 50, 0.1, 1),
    activation: 'tanh',
    finalActivation: 'identity',
  },
  task,
  rtol: 1e-5,
  atol: 1e-5,
  maxSteps,
});

/** As large as the solve's steps in the middle. */
const stepSize = 1 / 8;

export const spiralForward: BenchCase = {
  id: 1,
  title: 'cubic spiral, forward',
  description:
    'Network 2-50-2 with tanh on y³, its weights such that it is about the spiral itself, as a trained one; batch 20 of points on the trajectory; t from 0 to 25; rtol = atol = 1e-5. *steps* are a thousand steps of 1/8 with their error norms, in one loop; their yardstick *plain nodes* is the same step written out in operations on tensors.',
  experiments: () => {
    const y0 = toNested(cubicSpiral().draw(random(1), 20).y0) as readonly (readonly number[])[];
    const solve = { kind: 'solve', y0, ts: [0, 25] } as const;
    const steps = { kind: 'steps', y0, h: stepSize, count: 1000 } as const;
    return [
      {
        kind: 'timed',
        name: 'forward',
        problem: problem(solve),
        bound: usualBound,
        targets: [{ peer: 'torchdiffeq', ratio: 20 }, { peer: 'diffrax', ratio: 1, isStrict: true }, ...tfjsTargets],
        yardsticks: kernelCallsAlone(solve),
      },
      {
        kind: 'timed',
        name: 'steps',
        isInternal: true,
        problem: problem({ ...steps, form: 'parts' }),
        bound: usualBound,
        targets: [],
        yardsticks: [
          { name: 'plain nodes', engine: 'onnx-cpu', ratio: 0.65, task: () => ({ ...steps, form: 'plain' }) },
        ],
      },
    ];
  },
};
