/** Training a network on rows or images, and what it predicts. */
import {
  array,
  compile,
  hostArray,
  random,
  valueAndGrad,
  type HostArray,
  type Model,
  type Tensor,
} from '@node-ode/core';
import { inMemory } from '@node-ode/datasets';
import { adamw, applyGradients, cosineDecay, trainState, type TrainState } from '@node-ode/nn';
import { parameterList, type Lab } from '../lab/index.ts';

/** Inputs with what is to be predicted: classes, i32[samples], or numbers of the shape of the output. */
export interface Examples {
  readonly x: HostArray;
  readonly target: HostArray;
}

/** How a network is trained. */
export interface Training {
  /** Of this training, for its checkpoints. */
  readonly id: string;
  readonly loss: (output: Tensor, target: Tensor) => Tensor;
  readonly train: Examples;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly seed: number;
}

/** A network that was trained. */
export interface Trained {
  readonly parameters: number;
  /** Of training. */
  readonly seconds: number;
  /** Function evaluations of the last step, forward and backward; 0 where nothing is solved. */
  readonly nfe: readonly [forward: number, backward: number];
  /** Outputs for inputs, a batch at a time. */
  predict(x: HostArray): Promise<HostArray>;
}

/** Trains by AdamW with cosine decay. */
export async function trainNetwork<Params>(
  model: Model<Params, Tensor, Tensor, never>,
  training: Training,
  lab: Lab,
): Promise<Trained> {
  const { id, loss, train, epochs, batchSize, learningRate, weightDecay, seed } = training;
  const [initial, shuffles] = [random(seed), random(seed + 1_000_000)];
  const { arrays, count, rebuild } = parameterList('tabular', model.init(initial));
  const apply = (weights: readonly Tensor[], x: Tensor): Tensor => model.apply(rebuild(weights), x);
  const size = train.x.shape[0] ?? 0;
  const batch = Math.min(batchSize, size);
  const schedule = cosineDecay({
    initial: learningRate,
    final: 0.01 * learningRate,
    steps: epochs * Math.floor(size / batch),
  });
  const optimizer = adamw({ learningRate: schedule, weightDecay });
  const step = compile(
    lab.backend,
    (state: TrainState<Tensor, readonly Tensor[]>, { x, target }: { readonly x: Tensor; readonly target: Tensor }) => {
      const { value, grad } = valueAndGrad((weights: readonly Tensor[]) => loss(apply(weights, x), target))(
        state.params,
      );
      return { state: applyGradients(optimizer, state, grad), loss: value };
    },
  );
  const { state, history } = await lab.train(id, {
    step,
    state: trainState(optimizer, arrays),
    dataset: inMemory(id, { train }),
    batchSize: batch,
    dropLast: true,
    random: shuffles,
    epochs,
  });
  const run = compile(lab.backend, apply);
  return {
    parameters: count,
    seconds: history['seconds']?.at(-1) ?? 0,
    nfe: [history['nfe']?.at(-1) ?? 0, history['nfeBackward']?.at(-1) ?? 0],
    predict: async (x) => joined(await inTurn(chunksOf(x, 500), async (part) => read(await run(state.params, part)))),
  };
}

const read = async (output: { read(): Promise<HostArray>; dispose(): void }): Promise<HostArray> => {
  const values = await output.read();
  output.dispose();
  return values;
};

async function inTurn<A, B>(list: readonly A[], fn: (item: A) => Promise<B>): Promise<B[]> {
  const results: B[] = [];
  for (const item of list) results.push(await fn(item));
  return results;
}

/** Rows of an array, at most so many together. */
function chunksOf({ data, shape, dtype }: HostArray, most: number): HostArray[] {
  const [rows = 0, ...rest] = shape;
  const width = rest.reduce((product, n) => product * n, 1);
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => {
    const [from, to] = [i * most, Math.min(rows, (i + 1) * most)];
    return hostArray(data.slice(from * width, to * width), [to - from, ...rest], dtype);
  });
}

const joined = (parts: readonly HostArray[]): HostArray =>
  array(
    parts.flatMap(({ data }) => Array.from(data)),
    {
      shape: [parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0), ...(parts[0]?.shape.slice(1) ?? [])],
      dtype: 'f32',
    },
  );

/** The fraction of rows whose largest logit is that of the label. */
export function accuracyOf({ data, shape }: HostArray, labels: ArrayLike<number>): number {
  const [rows = 0, classes = 0] = shape;
  let right = 0;
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * classes, (i + 1) * classes);
    if (row.indexOf(Math.max(...row)) === labels[i]) right++;
  }
  return right / rows;
}
