/** Case 1: the cubic spiral forward. */
import { random, toNested } from '@node-ode/core';
import { cubicSpiral } from '@node-ode/datasets';
import { layersLike } from '../weights.ts';
import { maxSteps, usualBound, type BenchCase } from './case.ts';

/** A of the cubic spiral y' = y³·A. */
const spiralMatrix = [
  [-0.1, 2],
  [-2, -0.1],
] as const;

export const spiralForward: BenchCase = {
  id: 1,
  title: 'cubic spiral, forward',
  description:
    'Network 2-50-2 with tanh on y³, its weights such that it is about the spiral itself, as a trained one; batch 20 of points on the trajectory; t from 0 to 25; rtol = atol = 1e-5.',
  experiments: () => [
    {
      kind: 'timed',
      name: 'forward',
      problem: {
        dtype: 'f32',
        dynamics: {
          kind: 'mlp',
          power: 3,
          // |y³| is 8 at most, a few times 1 along the trajectory: 0.1 keeps tanh about linear, yet not linear.
          layers: layersLike(spiralMatrix, 50, 0.1, 1),
          activation: 'tanh',
          finalActivation: 'identity',
        },
        task: {
          kind: 'solve',
          y0: toNested(cubicSpiral().draw(random(1), 20).y0) as readonly (readonly number[])[],
          ts: [0, 25],
        },
        rtol: 1e-5,
        atol: 1e-5,
        maxSteps,
      },
      bound: usualBound,
      targets: [
        { peer: 'torchdiffeq', ratio: 20 },
        { peer: 'diffrax', ratio: 1, isStrict: true },
      ],
    },
  ],
};
