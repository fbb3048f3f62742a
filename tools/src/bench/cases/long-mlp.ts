/** Case 3: diffrax's own comparison with torchdiffeq. */
import { random } from '@node-ode/core';
import { normalRows, uniformLayers } from '../weights.ts';
import { maxSteps, usualBound, type BenchCase } from './case.ts';
import { kernelCallsAlone, tfjsTargets } from './tfjs.ts';

export const longMlp: BenchCase = {
  id: 3,
  title: 'MLP 4-32-4 over a long time',
  description:
    "diffrax's own comparison (`benchmarks/small_neural_ode.py`): network 4-32-4 with softplus and a last tanh, weights uniform on ±1/√inputs; batch 64, normal; t from 0 to 100; rtol = atol = 1e-6.",
  experiments: () => {
    const task = { kind: 'solve', y0: normalRows(random(4), 64, 4), ts: [0, 100] } as const;
    return [
      {
        kind: 'timed',
        name: 'forward',
        problem: {
          dtype: 'f32',
          dynamics: {
            kind: 'mlp',
            power: 1,
            layers: uniformLayers([4, 32, 4], 3),
            activation: 'softplus',
            finalActivation: 'tanh',
          },
          task,
          rtol: 1e-6,
          atol: 1e-6,
          maxSteps,
        },
        bound: usualBound,
        targets: [{ peer: 'torchdiffeq', ratio: 8 }, ...tfjsTargets],
        yardsticks: kernelCallsAlone(task),
      },
    ];
  },
};
