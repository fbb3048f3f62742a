/** Training a classifier of images: SGD with momentum and the authors' schedule, with the test error after each epoch. */
import {
  compile,
  random,
  valueAndGrad,
  type Backend,
  type Dataset,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import type { ImageSample } from '@node-ode/datasets';
import type { Classifier, Labelled } from '@node-ode/model-node';
import { applyGradients, sgd, stepDecay, trainState, type TrainState } from '@node-ode/nn';
import type { History, OnDevice } from '@node-ode/train';
import { parameterList, peakMemoryMiB, type Lab } from '../lab/index.ts';

/** How a classifier is trained. */
export interface TrainingOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
}

/** Parameters by path: what a state on the device is made of, whatever the network. */
export type Named<Leaf> = Readonly<Record<string, Leaf>>;

/** A network whose parameters are named. */
export interface NamedNetwork {
  readonly initial: Named<HostArray>;
  readonly parameters: number;
  apply(params: Named<Tensor>, x: Tensor): Tensor;
  loss(params: Named<Tensor>, batch: Labelled): Tensor;
  accuracy(params: Named<Tensor>, batch: Labelled): Tensor;
}

/** What training gave. */
export interface Trained {
  readonly params: Named<HostArray>;
  readonly history: History;
  /** Seconds of training, the tests after each epoch and runs before a resume included. */
  readonly seconds: number;
}

/** Images in a batch of the tests. */
const testBatch = 250;

/** A classifier with its parameters by path. */
export function named<Params>(model: Classifier<Params>, seed: number): NamedNetwork {
  const { arrays, paths, count, rebuild } = parameterList('named', model.init(random(seed)));
  const treeOf = (params: Named<Tensor>): TensorsOf<Params> => rebuild(paths.map((path) => params[path]));
  return {
    initial: Object.fromEntries(arrays.map((array, i) => [paths[i] ?? '', array])),
    parameters: count,
    apply: (params, x) => model.apply(treeOf(params), x),
    loss: (params, batch) => model.loss(treeOf(params), batch),
    accuracy: (params, batch) => model.accuracy(treeOf(params), batch),
  };
}

/** Trains, and tests after each epoch: the column `testError` of the history, in percent. */
export async function trainClassifier(
  lab: Lab,
  id: string,
  network: NamedNetwork,
  data: Dataset<ImageSample>,
  { epochs, batchSize, learningRate, seed }: TrainingOptions,
): Promise<Trained> {
  const stepsPerEpoch = Math.floor(data.size('train') / batchSize);
  const optimizer = sgd({
    learningRate: stepDecay({
      initial: learningRate,
      boundaries: decaySteps(epochs * stepsPerEpoch),
    }),
    momentum: 0.9,
  });
  type State = TrainState<Tensor, Named<Tensor>>;
  const step = compile(lab.backend, (state: State, batch: Labelled) => {
    const { value, grad } = valueAndGrad((params: Named<Tensor>) => network.loss(params, batch))(state.params);
    return { state: applyGradients(optimizer, state, grad), loss: value };
  });
  const test = tester(lab.backend, network, data);
  const { state, history } = await lab.train<TrainState<HostArray, Named<HostArray>>, ImageSample>(id, {
    step,
    state: trainState(optimizer, network.initial),
    dataset: data,
    batchSize,
    dropLast: true,
    epochs,
    random: random(seed),
    metrics: {
      every: stepsPerEpoch,
      compute: async ({ params }, steps) => {
        const testError = await test(params);
        lab.log(
          `${id}, epoch ${steps / stepsPerEpoch}: test error ${testError.toFixed(2)} %, peak of memory ${peakMemoryMiB().toFixed(0)} MiB`,
        );
        return { testError };
      },
    },
  });
  step.dispose();
  test.dispose();
  return { params: state.params, history, seconds: history['seconds']?.at(-1) ?? 0 };
}

/** The authors divide the rate by ten at epochs 60, 100 and 140 of 160. */
const decaySteps = (steps: number): readonly number[] =>
  [60, 100, 140].map((epoch) => Math.max(1, Math.round((epoch / 160) * steps)));

/** The error on the test split, in percent. */
function tester(backend: Backend, network: NamedNetwork, data: Dataset<ImageSample>) {
  const accuracy = compile(backend, (params: Named<Tensor>, batch: Labelled) => network.accuracy(params, batch));
  const test = async (params: OnDevice<Named<HostArray>>): Promise<number> => {
    let right = 0;
    for (const batch of data.batches('test', { batchSize: testBatch })) {
      const fraction = await accuracy(params, { x: batch.x, label: batch.label });
      right += ((await fraction.read()).data[0] ?? NaN) * batch.label.data.length;
      fraction.dispose();
    }
    return 100 * (1 - right / data.size('test'));
  };
  return Object.assign(test, { dispose: () => accuracy.dispose() });
}

/** The mean of a column over each epoch; the last row of it where `last` is asked for. */
export function byEpoch(history: History, column: string, take: 'mean' | 'last'): number[] {
  const rows = new Map<number, number[]>();
  const epochs = history['epoch'] ?? [];
  for (const [i, value] of (history[column] ?? []).entries()) {
    const epoch = epochs[i] ?? NaN;
    const row = rows.get(epoch);
    if (row === undefined) rows.set(epoch, [value]);
    else row.push(value);
  }
  return [...rows.values()].map((values) =>
    take === 'last' ? (values.at(-1) ?? NaN) : values.reduce((sum, x) => sum + x, 0) / values.length,
  );
}
