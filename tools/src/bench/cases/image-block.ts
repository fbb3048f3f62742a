/** Case 6: training the ODE block for images of Chen et al. (2018), where convolutions are most of the work. */
import { random, type HostArray } from '@node-ode/core';
import { convDynamics } from '@node-ode/model-node';
import type { FlatLayerWeights, GradientName } from '../problem.ts';
import { normalRows } from '../weights.ts';
import { maxSteps, type BenchCase, type TimedExperiment } from './case.ts';
import { kernelCallsAlone } from './tfjs.ts';

const batch = 128;
const [channels, height, width] = [64, 6, 6];
const groups = 32;

/** PyTorch's initialisation, as f32 numbers. */
function blockLayers(seed: number): readonly FlatLayerWeights[] {
  const rng = random(seed);
  const flat = ({ data }: HostArray): readonly number[] => Array.from(data);
  const layerOf = ({ weight, bias }: { readonly weight?: HostArray; readonly bias?: HostArray }): FlatLayerWeights => ({
    weight: weight === undefined ? [] : flat(weight),
    bias: bias === undefined ? [] : flat(bias),
  });
  const { norm1, conv1, norm2, conv2, norm3 } = convDynamics(channels, { groups }).init(rng);
  return [norm1, conv1, norm2, conv2, norm3].map(layerOf);
}

function experiment(gradient: GradientName): TimedExperiment {
  // Windows of two points, each from a state to its target: they overlap, so that there is less to tell everyone.
  const task = {
    kind: 'training',
    gradient,
    ts: [0, 1],
    ys: normalRows(random(8), batch + 1, channels * height * width),
    window: 2,
    batches: [Array.from({ length: batch }, (_, i) => i)],
    iterations: 1,
    learningRate: 1e-3,
  } as const;
  return {
    kind: 'timed',
    name: gradient,
    // diffrax: half a minute, by the convolutions that JAX has on processors
    tooHeavyFor: ['reference', 'diffrax'],
    // tfjs-cpu: twenty seconds, in JavaScript
    longestRound: 60,
    problem: {
      dtype: 'f32',
      dynamics: { kind: 'convBlock', image: [channels, height, width], groups, layers: blockLayers(7) },
      task,
      rtol: 1e-3,
      atol: 1e-3,
      maxSteps,
    },
    bound: 60,
    units: { rtol: 1e-3, atol: 0 },
    targets: [{ peer: 'torchdiffeq', ratio: 0.83, engine: 'onnx-cpu' }],
    // in turn with tfjs-cpu, a quarter of an hour
    yardsticks: kernelCallsAlone(task).filter(({ engine }) => engine !== 'tfjs-cpu'),
  };
}

export const imageBlock: BenchCase = {
  id: 6,
  title: 'ODE-Net block, training',
  description:
    "The block of torchdiffeq's `odenet_mnist.py`: group norm with 32 groups, relu, 3×3 convolution with time as a channel, the same again, group norm; 64 channels of 6×6, batch 128, normal, as are the targets; t from 0 to 1; rtol = atol = 1e-3. A unit is one training step: mean absolute error, gradients, RMSprop at 1e-3, always from the same weights. Errors are in units of a thousandth of the largest number of the reference, which is the WebAssembly engine's in f64: to the reference engine a step would be minutes of work.",
  experiments: () => [experiment('adjoint'), experiment('backprop')],
};
