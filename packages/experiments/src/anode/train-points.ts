/** Training a model on points, and what it is asked afterwards. */
import {
  asTensor,
  createOde,
  random,
  valueAndGrad,
  type Dataset,
  type HostArray,
  type Ode,
  type Tensor,
} from '@node-ode/core';
import type { TargetPoints } from '@node-ode/datasets';
import { adam, applyGradients, mse, smoothL1, trainState, type TrainState } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import type { History } from '@node-ode/train';
import type { Lab } from '../lab/index.ts';
import type { PointModel } from './point-models.ts';

/** How points are learned. */
export interface PointTraining {
  readonly dataset: Dataset<TargetPoints>;
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** What is minimised: the mean squared error, or the smooth L1 error of the authors' code. */
  readonly loss: 'mse' | 'smooth-l1';
  /** Whether the loss on the split `test` is computed after every epoch. */
  readonly validate?: boolean;
}

/** Means over each epoch. A residual network's evaluations are 0. */
export interface Curves {
  readonly loss: readonly number[];
  readonly nfe: readonly number[];
  readonly nfeBackward: readonly number[];
  /** Loss on the split `test` at the end of each epoch. */
  readonly validation: readonly number[];
  /** Seconds of training after the first step, which compiles. */
  readonly seconds: number;
}

/** A model that was trained. */
export interface TrainedPoints {
  readonly curves: Curves;
  readonly params: readonly HostArray[];
}

/** dopri5 with one number for both tolerances, as in the authors' code. */
export const odeFor = (lab: Lab, tolerance: number): Ode =>
  createOde({ backend: lab.backend, solver: dopri5(), rtol: tolerance, atol: tolerance });

/** Trains by Adam. */
export async function trainPoints(
  lab: Lab,
  id: string,
  model: PointModel,
  ode: Ode,
  options: PointTraining,
): Promise<TrainedPoints> {
  const { dataset, seed, epochs, batchSize, learningRate, validate = false } = options;
  const loss = options.loss === 'mse' ? mse : smoothL1;
  const error = (params: readonly Tensor[], x: Tensor, y: Tensor): Tensor => loss(model.apply(params, x), y);
  const optimizer = adam({ learningRate });
  const source = random(seed);
  const step = ode.compile((state: TrainState<Tensor, readonly Tensor[]>, { x, y }: Points) => {
    const { value, grad } = valueAndGrad((params: readonly Tensor[]) => error(params, x, y))(state.params);
    return { state: applyGradients(optimizer, state, grad), loss: value };
  });
  const test = dataset.all('test');
  const validation = ode.compile((params: readonly Tensor[]) => error(params, asTensor(test.x), asTensor(test.y)));
  const { state, history } = await lab.train<TrainState<HostArray, readonly HostArray[]>, TargetPoints>(id, {
    step,
    state: trainState(optimizer, model.init(source.split())),
    dataset,
    batchSize,
    epochs,
    random: source,
    ...(validate && {
      metrics: {
        every: Math.ceil(dataset.size('train') / batchSize),
        compute: async ({ params }) => ({ validation: (await (await validation(params)).read()).data[0] ?? NaN }),
      },
    }),
  });
  step.dispose();
  validation.dispose();
  return { curves: curvesOf(history, epochs), params: state.params };
}

interface Points {
  readonly x: Tensor;
  readonly y: Tensor;
}

function curvesOf(history: History, epochs: number): Curves {
  const epoch = history['epoch'] ?? [];
  const means = (column: string): number[] => {
    const values = history[column] ?? [];
    const [sums, counts] = [new Array<number>(epochs).fill(0), new Array<number>(epochs).fill(0)];
    epoch.forEach((e, i) => {
      sums[e]! += values[i] ?? NaN;
      counts[e]! += 1;
    });
    return sums.map((sum, e) => sum / counts[e]!);
  };
  return {
    loss: means('loss'),
    nfe: means('nfe'),
    nfeBackward: means('nfeBackward'),
    validation: (history['validation'] ?? []).filter(Number.isFinite),
    seconds: (history['seconds']?.at(-1) ?? NaN) - (history['seconds']?.[0] ?? NaN),
  };
}

/** Outputs at points, in their order. */
export async function outputsAt(
  ode: Ode,
  model: PointModel,
  params: readonly HostArray[],
  x: HostArray,
): Promise<number[]> {
  const run = ode.compile((p: readonly Tensor[], input: Tensor) => model.apply(p, input));
  const y = await (await run(params, x)).read();
  run.dispose();
  return Array.from(y.data);
}

/** States at the model's times: [time][point][dimension]. */
export async function statesAt(
  ode: Ode,
  model: PointModel,
  params: readonly HostArray[],
  x: HostArray,
): Promise<number[][][]> {
  const run = ode.compile((p: readonly Tensor[], input: Tensor) => model.states(p, input));
  const { data, shape } = await (await run(params, x)).read();
  run.dispose();
  const [times = 0, points = 0, dimensions = 0] = shape;
  return Array.from({ length: times }, (_, t) =>
    Array.from({ length: points }, (_, i) => {
      const from = (t * points + i) * dimensions;
      return Array.from(data.slice(from, from + dimensions));
    }),
  );
}

/** The mean squared error at points. */
export async function meanSquaredError(
  ode: Ode,
  model: PointModel,
  params: readonly HostArray[],
  { x, y }: TargetPoints,
): Promise<number> {
  const outputs = await outputsAt(ode, model, params, x);
  return outputs.reduce((sum, value, i) => sum + (value - (y.data[i] ?? NaN)) ** 2, 0) / outputs.length;
}
