/** Training an ODE-Net on small images: every layer of images, around and inside an adaptive solve. */
import {
  array,
  avgPool2d,
  createOde,
  maxPool2d,
  pid,
  random,
  valueAndGradWithAux,
  type FloatDType,
  type GradientMethod,
  type HostArray,
  type Random,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { backprop } from '@node-ode/gradient-backprop';
import {
  applyGradients,
  batchNorm,
  conv2d,
  crossEntropy,
  globalAveragePool2d,
  groupNorm,
  linear,
  sgd,
  timeConv2d,
  trainState,
  type BatchNormState,
  type TrainState,
} from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { agreement, readLeaves, type Case } from './case.ts';
import { learnedTooLittle, trainSteps } from './train-steps.ts';

const steps = 8;
const samples = 8;
const extent = 8;

/** Noisy stripes, lying (class 0) or standing (class 1). */
function stripes(dtype: FloatDType): { readonly images: HostArray; readonly labels: HostArray } {
  const rng = random(5);
  const labels = Array.from({ length: samples }, (_, i) => i % 2);
  const images = labels.map((label) => {
    const phase = rng.integer(2);
    const stripe = (row: number, column: number): number => ((label === 0 ? row : column) + phase) % 2;
    return [grid((row, column) => stripe(row, column) + 0.2 * rng.normal())];
  });
  return { images: array(images, { dtype }), labels: array(labels, { dtype: 'i32' }) };
}

const grid = (at: (row: number, column: number) => number): number[][] =>
  Array.from({ length: extent }, (_, row) => Array.from({ length: extent }, (__, column) => at(row, column)));

const channels = 4;

/** Stem, two poolings, an ODE block as in Chen et al. 2018 (norm, activation, convolution with time, twice), and a head. */
function network(dtype: FloatDType) {
  const stem = conv2d(1, channels, 3, { padding: 1, dtype });
  const stemNorm = batchNorm(channels, { dtype });
  const norm = groupNorm(2, channels, { dtype });
  const convolution = timeConv2d(channels, channels, 3, { padding: 'same', dtype });
  const head = linear(channels, 2, { dtype });
  const init = (rng: Random) => ({
    stem: stem.init(rng),
    stemNorm: stemNorm.init(rng),
    block: [0, 1].map(() => ({ norm: norm.init(rng), convolution: convolution.init(rng) })),
    head: head.init(rng),
  });
  type Params = TensorsOf<ReturnType<typeof init>>;
  return {
    init,
    initialStatistics: stemNorm.initialState(),
    before: (params: Params, statistics: TensorsOf<BatchNormState>, x: Tensor) => {
      const { output, state } = stemNorm.train(params.stemNorm, statistics, stem.apply(params.stem, x));
      return { y0: avgPool2d(maxPool2d(output.tanh(), 2), 3, { strides: 1, padding: 1 }), statistics: state };
    },
    dynamics: ({ block }: Params, t: Tensor, y: Tensor): Tensor =>
      block.reduce((x, layer) => convolution.apply(layer.convolution, t, norm.apply(layer.norm, x).softplus()), y),
    after: (params: Params, y: Tensor): Tensor => head.apply(params.head, globalAveragePool2d(y)),
  };
}

const imageCase = (make: () => GradientMethod, dtype: FloatDType): Case => ({
  group: 'images',
  name: `${steps} steps of an ODE-Net, ${make().name}`,
  dtype,
  prepare: (backend) => {
    const net = network(dtype);
    const [rtol, atol] = dtype === 'f64' ? [1e-5, 1e-6] : [1e-3, 1e-3];
    const controller = pid({ rtol, atol, firstStep: 0.25 });
    const ode = createOde({ backend, solver: dopri5(), gradient: make(), controller, dtype });
    const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
    const { images, labels } = stripes(dtype);
    const initial = net.init(random(2));

    interface State {
      readonly training: TrainState<Tensor, TensorsOf<typeof initial>>;
      readonly statistics: TensorsOf<BatchNormState>;
    }
    const step = ode.compile((state: State, x: Tensor, classes: Tensor) => {
      const loss = (params: State['training']['params']) => {
        const { y0, statistics } = net.before(params, state.statistics, x);
        const dynamics = (t: Tensor, y: Tensor): Tensor => net.dynamics(params, t, y);
        const y = ode.odeint(dynamics, y0, [0, 1]).ys.at(-1);
        return { value: crossEntropy(net.after(params, y), classes), aux: statistics };
      };
      const { value, grad, aux } = valueAndGradWithAux(loss)(state.training.params);
      return { state: { training: applyGradients(optimizer, state.training, grad), statistics: aux }, loss: value };
    });
    return async () => {
      const start = { training: trainState(optimizer, initial), statistics: net.initialStatistics };
      const first = await step(start, images, labels);
      const { curve, state } = await trainSteps(first, (last) => step(last, images, labels), steps, dtype);
      return [curve, ...(await readLeaves([state.training.params, state.statistics]))];
    };
  },
  tolerance: agreement[dtype],
  complaint: learnedTooLittle,
});

export const imageCases: readonly Case[] = [
  imageCase(adjoint, 'f32'),
  imageCase(adjoint, 'f64'),
  imageCase(backprop, 'f32'),
];
