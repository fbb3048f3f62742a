/** One training: a network on a data set from a seed. */
import {
  avgPool2d,
  createOde,
  random,
  valueAndGrad,
  type HostArray,
  type Ode,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import type { ImageDataset, ImageSample } from '@node-ode/datasets';
import type { ConvAnodeParams, ImageShape } from '@node-ode/model-anode';
import { accuracy, adam, applyGradients, crossEntropy, trainState, type TrainState } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { StepError, type History, type OnDevice } from '@node-ode/train';
import type { Lab } from '../lab/index.ts';
import type { DataName } from './data.ts';
import { network, parametersOf, type NetworkOptions, type Variant } from './networks.ts';

/** How networks are trained. */
export interface ImageOptions {
  readonly pool: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly testImages: number;
  readonly learningRate: number;
  readonly tolerance: number;
  readonly autonomous: boolean;
}

/** What came of a training. */
export interface Run {
  readonly data: DataName;
  readonly variant: Variant;
  readonly seed: number;
  readonly parameters: number;
  readonly images: number;
  /** At the end of each epoch, on the test images. */
  readonly accuracy: readonly number[];
  /** Means over each epoch. */
  readonly loss: readonly number[];
  readonly nfe: readonly number[];
  readonly nfeBackward: readonly number[];
  /** Of all steps, means over at most 100 stretches of them. */
  readonly steps: {
    readonly step: readonly number[];
    readonly loss: readonly number[];
    readonly nfe: readonly number[];
  };
  /** The largest number of evaluations of a forward solve. */
  readonly mostNfe: number;
  readonly secondsPerEpoch: number;
  /** Why training ended early: a solve failed, or a number was not finite. */
  readonly failure?: string;
}

/** dopri5, one number for both tolerances, gradients back through the steps. */
export const odeOf = (lab: Lab, tolerance: number): Ode =>
  createOde({ backend: lab.backend, solver: dopri5(), rtol: tolerance, atol: tolerance });

/** The networks' images: those of the data set, averaged over squares of `pool` pixels. */
export const shapeOf = ({ shape: [channels, height, width] }: ImageDataset, pool: number): ImageShape => [
  channels,
  Math.floor(height / pool),
  Math.floor(width / pool),
];

/** What a training is called. */
export const idOf = (data: DataName, { extra, filters }: Pick<Variant, 'extra' | 'filters'>, seed: number): string =>
  `${data}/${extra}-${filters}/${seed}`;

/** Trains; what was done is not done again. */
export function trainImages(
  lab: Lab,
  data: DataName,
  images: ImageDataset,
  variant: Variant,
  seed: number,
  options: ImageOptions,
): Promise<Run> {
  const id = idOf(data, variant, seed);
  return lab.once(id, async () => {
    const ode = odeOf(lab, options.tolerance);
    const sizes = { image: shapeOf(images, options.pool), time: !options.autonomous };
    const known = { data, variant, seed, parameters: parametersOf(ode, variant, sizes), images: images.size('train') };
    try {
      const history = await fitted(lab, id, ode, images, variant, seed, sizes, options);
      return { ...known, ...summaryOf(history, options.epochs) };
    } catch (error) {
      if (!(error instanceof StepError)) throw error;
      return { ...known, ...summaryOf({}, options.epochs), failure: error.message };
    }
  });
}

type State = TrainState<HostArray, ConvAnodeParams>;
type Params = TensorsOf<ConvAnodeParams>;

async function fitted(
  lab: Lab,
  id: string,
  ode: Ode,
  images: ImageDataset,
  variant: Variant,
  seed: number,
  sizes: NetworkOptions,
  { pool, epochs, batchSize, testImages, learningRate }: ImageOptions,
): Promise<History> {
  const model = network(ode, variant, sizes);
  const classify = (params: Params, x: Tensor): Tensor => model.apply(params, pool === 1 ? x : avgPool2d(x, pool));
  const optimizer = adam({ learningRate });
  const source = random(seed);
  const step = ode.compile((state: TrainState<Tensor, Params>, { x, label }: TensorsOf<ImageSample>) => {
    const loss = (params: Params): Tensor => crossEntropy(classify(params, x), label);
    const { value, grad } = valueAndGrad(loss)(state.params);
    return { state: applyGradients(optimizer, state, grad), loss: value };
  });
  const share = ode.compile((params: Params, x: Tensor, label: Tensor) => accuracy(classify(params, x), label));
  const compute = async ({ params }: OnDevice<State>): Promise<{ accuracy: number }> => {
    let [right, seen] = [0, 0];
    for (const { x, label } of images.batches('test', { batchSize: 100 })) {
      const count = label.data.length;
      right += count * ((await (await share(params, x, label)).read()).data[0] ?? NaN);
      seen += count;
      if (seen >= testImages) break;
    }
    return { accuracy: right / seen };
  };
  try {
    const { history } = await lab.train<State, ImageSample>(id, {
      step,
      state: trainState(optimizer, model.init(source.split())),
      dataset: images,
      batchSize,
      epochs,
      random: source,
      metrics: { every: Math.ceil(images.size('train') / batchSize), compute },
    });
    return history;
  } finally {
    step.dispose();
    share.dispose();
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function summaryOf(history: History, epochs: number): Omit<Run, 'data' | 'variant' | 'seed' | 'parameters' | 'images'> {
  const column = (name: string): readonly number[] => history[name] ?? [];
  const epoch = column('epoch');
  const byEpoch = (name: string): number[] => {
    const values = column(name);
    if (values.length === 0) return [];
    return Array.from({ length: epochs }, (_, e) => mean(values.filter((_value, i) => epoch[i] === e)));
  };
  const stretch = Math.max(1, Math.ceil(epoch.length / 100));
  const stretches = (values: readonly number[]): number[] =>
    Array.from({ length: Math.ceil(values.length / stretch) }, (_, i) =>
      mean(values.slice(i * stretch, (i + 1) * stretch)),
    );
  const seconds = column('seconds');
  const perStep = ((seconds.at(-1) ?? NaN) - (seconds[0] ?? NaN)) / (seconds.length - 1);
  return {
    accuracy: column('accuracy').filter(Number.isFinite),
    loss: byEpoch('loss'),
    nfe: byEpoch('nfe'),
    nfeBackward: byEpoch('nfeBackward'),
    steps: { step: stretches(column('step')), loss: stretches(column('loss')), nfe: stretches(column('nfe')) },
    mostNfe: Math.max(0, ...column('nfe')),
    secondsPerEpoch: (perStep * seconds.length) / epochs,
  };
}
