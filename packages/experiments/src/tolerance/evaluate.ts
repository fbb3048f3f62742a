/** A trained ODE-Net at another tolerance than it was trained with. */
import { compile, valueAndGrad, type Backend, type Dataset, type HostArray, type Tensor } from '@node-ode/core';
import type { ImageSample } from '@node-ode/datasets';
import type { Labelled } from '@node-ode/model-node';
import type { Named, NamedNetwork } from '../images/train-classifier.ts';

/** What ten batches of test images gave. */
export interface Evaluation {
  /** Percent of the images of all batches. */
  readonly error: number;
  /** Median seconds of a batch. */
  readonly secondsPerBatch: number;
  /** Evaluations of each solve. */
  readonly nfe: readonly number[];
  /** Outputs of the first batch, in one row. */
  readonly outputs: readonly number[];
  /** Evaluations of a training step on the first batch of the training images. */
  readonly step: { readonly forward: number; readonly backward: number };
}

/** Batches of the test. */
export const batches = 10;

/** Evaluates a network. A batch is run once before any is timed. */
export async function evaluate(
  backend: Backend,
  network: NamedNetwork,
  params: Named<HostArray>,
  data: Dataset<ImageSample>,
  batchSize: number,
): Promise<Evaluation> {
  const run = compile(backend, (p: Named<Tensor>, { x, label }: Labelled) => {
    const outputs = network.apply(p, x);
    return { outputs, right: outputs.argMax(-1).equal(label).cast('f32').sum() };
  });
  const [nfe, seconds]: [number[], number[]] = [[], []];
  let [right, count, outputs]: [number, number, readonly number[]] = [0, 0, []];
  for (const { x, label } of data.batches('test', { batchSize, dropLast: true })) {
    if (count === batches * batchSize) break;
    if (count === 0) await run(params, { x, label });
    const began = performance.now();
    const { result, stats } = await run.run(params, { x, label });
    right += (await result.right.read()).data[0] ?? NaN;
    seconds.push((performance.now() - began) / 1000);
    nfe.push(stats.nfe);
    if (count === 0) outputs = Array.from((await result.outputs.read()).data);
    result.outputs.dispose();
    count += batchSize;
  }
  run.dispose();
  return {
    error: 100 * (1 - right / count),
    secondsPerBatch: median(seconds),
    nfe,
    outputs,
    step: await trainingStep(backend, network, params, data),
  };
}

/** Evaluations of a solve forward, and of its adjoint. */
async function trainingStep(
  backend: Backend,
  network: NamedNetwork,
  params: Named<HostArray>,
  data: Dataset<ImageSample>,
): Promise<Evaluation['step']> {
  const run = compile(
    backend,
    (p: Named<Tensor>, batch: Labelled) => valueAndGrad((q: Named<Tensor>) => network.loss(q, batch))(p).grad,
  );
  for (const { x, label } of data.batches('train', { batchSize: 128 })) {
    const { stats } = await run.run(params, { x, label });
    run.dispose();
    return { forward: stats.nfe, backward: stats.nfeBackward };
  }
  return { forward: NaN, backward: NaN };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
