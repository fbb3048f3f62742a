/** What a network is trained for: classes or numbers. */
import type { Model, Tensor, TensorsOf } from '@node-ode/core';
import { accuracy, crossEntropy, mse } from '@node-ode/nn';

/** Samples with their classes, as data sets of images and `tableClassification` give them. */
export interface Labelled {
  readonly x: Tensor;
  /** i32, [samples]. */
  readonly label: Tensor;
}

/** Samples with numbers, as `tableRegression` gives them. */
export interface Targeted {
  readonly x: Tensor;
  /** Of the shape of the output. */
  readonly y: Tensor;
}

/** A network whose outputs are logits. */
export interface Classifier<Params> extends Model<Params, Tensor, Tensor, Labelled> {
  /** The mean cross-entropy: −log softmax(logits) at the label. */
  readonly loss: (params: TensorsOf<Params>, batch: Labelled) => Tensor;
  /** The class of each sample: i32, [samples]. */
  readonly predict: (params: TensorsOf<Params>, x: Tensor) => Tensor;
  /** The fraction of samples whose class is right. */
  readonly accuracy: (params: TensorsOf<Params>, batch: Labelled) => Tensor;
}

/** A network whose outputs are numbers. */
export interface Regressor<Params> extends Model<Params, Tensor, Tensor, Targeted> {
  /** The mean squared error. */
  readonly loss: (params: TensorsOf<Params>, batch: Targeted) => Tensor;
}

/**
 * A network as a classifier: its outputs are logits.
 *
 * @throws when applied, what the network throws; ShapeError or DTypeError for labels that are not i32[samples].
 * @example
 * const model = classifier(imageOdeNet({ ode, channels: 1, outputs: 10 }));
 * const { value, grad } = valueAndGrad((p: TensorsOf<typeof params>) => model.loss(p, { x, label }))(params);
 */
export const classifier = <Params>({
  name,
  init,
  apply,
}: Model<Params, Tensor, Tensor, never>): Classifier<Params> => ({
  name,
  init,
  apply,
  loss: (params, { x, label }) => crossEntropy(apply(params, x), label),
  predict: (params, x) => apply(params, x).argMax(-1),
  accuracy: (params, { x, label }) => accuracy(apply(params, x), label),
});

/**
 * A network as a regressor: its outputs are numbers, of the shape of the targets.
 *
 * @throws when applied, what the network throws; ShapeError for targets of another shape than the outputs.
 * @example
 * const model = regressor(tabularOdeNet({ ode, features: 8, outputs: 1 }));
 */
export const regressor = <Params>({ name, init, apply }: Model<Params, Tensor, Tensor, never>): Regressor<Params> => ({
  name,
  init,
  apply,
  loss: (params, { x, y }) => mse(apply(params, x), y),
});
