/** Case 4: a state of 64 and a hidden layer of 256, where matrix products are most of the work. */
import { random } from '@node-ode/core';
import type { Problem, Task } from '../problem.ts';
import { normalRows, uniformLayers } from '../weights.ts';
import { maxSteps, usualBound, type BenchCase, type TimedExperiment, type Yardstick } from './case.ts';
import { kernelCallsAlone, tfjsTargets } from './tfjs.ts';

/** Makes the field a few times stronger than PyTorch's initialisation does: some ten steps, none of them stiff. */
const gain = 3;

export const wideMlp: BenchCase = {
  id: 4,
  title: 'MLP 64-256-64',
  description:
    'Network 64-256-64 with tanh, weights uniform on ±3/√inputs; batch 128, normal; t from 0 to 1; rtol = atol = 1e-5. Gradients are those of the mean squared last state for all weights. The yardstick *evaluations alone* are as many evaluations of the network as the solve makes, one after the other.',
  experiments: () => {
    const start = { y0: normalRows(random(6), 128, 64), ts: [0, 1] };
    const layers = uniformLayers([64, 256, 64], 5, gain);
    const problem = (task: Task): Problem => ({
      dtype: 'f32',
      dynamics: { kind: 'mlp', power: 1, layers, activation: 'tanh', finalActivation: 'identity' },
      task,
      rtol: 1e-5,
      atol: 1e-5,
      maxSteps,
    });
    const experiment = (name: string, task: Task): TimedExperiment => ({
      kind: 'timed',
      name,
      problem: problem(task),
      bound: usualBound,
      targets: [
        { peer: 'torchdiffeq', ratio: 0.7 },
        { peer: 'torchdiffeq', ratio: 1.5, engine: 'onnx-cpu' },
      ],
    });
    const evaluations: Yardstick = {
      name: 'evaluations alone',
      engine: 'onnx-cpu',
      ratio: 1.3,
      task: ({ nfe }) => ({ kind: 'evaluations', y0: start.y0, count: nfe ?? 0 }),
    };
    const solve = { kind: 'solve', ...start } as const;
    const forward = experiment('forward', solve);
    return [
      {
        ...forward,
        targets: [...forward.targets, ...tfjsTargets],
        yardsticks: [evaluations, ...kernelCallsAlone(solve)],
      },
      ...(['adjoint', 'backprop'] as const).map((gradient) => {
        const task = { kind: 'gradient', gradient, ...start } as const;
        return { ...experiment(gradient, task), yardsticks: kernelCallsAlone(task) };
      }),
    ];
  },
};
