/** Case 7: memory against the number of steps. */
import { random } from '@node-ode/core';
import type { GradientName } from '../problem.ts';
import { layersLike, normalRows } from '../weights.ts';
import { maxSteps, type BenchCase, type MemoryExperiment } from './case.ts';

/** A rotation at two radians a unit of time: it never ends, so that steps grow with the span. */
const rotation = [
  [0, 2],
  [-2, 0],
] as const;

/** About four steps a unit of time. */
const spans = [16, 64, 256];

const experiment = (gradient: GradientName, quick: boolean): MemoryExperiment => ({
  kind: 'memory',
  name: gradient,
  problem: {
    dtype: 'f32',
    dynamics: {
      kind: 'mlp',
      power: 1,
      layers: layersLike(rotation, 50, 0.3, 1),
      activation: 'tanh',
      finalActivation: 'identity',
    },
    task: { kind: 'gradient', gradient, y0: normalRows(random(4), 64, 2), ts: [0, 0.5] },
    rtol: 1e-5,
    atol: 1e-5,
    maxSteps,
  },
  // Nothing damps the error of the angle: it adds up over a thousand steps, and the adjoint solve adds its own.
  bound: 2000,
  spans: quick ? spans.slice(0, 2) : spans,
});

export const memory: BenchCase = {
  id: 7,
  title: 'memory of gradients',
  description:
    'Network 2-50-2 with tanh that is about a rotation; batch 64; t from 0 to 16, 64 and 256 (the first two with `--quick`); rtol = atol = 1e-5. Each figure is from a process of its own: the peak of its resident size while it computes the gradient once, less its size before, when everything was loaded and compiled on a span of 0.5.',
  experiments: (quick) => [experiment('adjoint', quick), experiment('backprop', quick)],
};
