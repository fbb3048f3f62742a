/** The contract of a model: parameters from a seed, apply, and a loss where it has one. */
import { isHostArray, type HostArray } from './array.ts';
import type { Random } from './random.ts';
import { asTensor, type Tensor } from './tensor/tensor.ts';
import { mapTree, type MapLeaves } from './tree.ts';

/** A tree of host arrays as the tree of tensors that a traced function sees. */
export type TensorsOf<P> = MapLeaves<P, HostArray, Tensor>;

/**
 * A tree of host arrays, such as trained parameters, as tensors: for functions that capture them.
 *
 * @throws TreeError for a leaf that is no host array.
 * @example
 * const trained = asTensors(params);
 * const file = exportOnnx((x: Tensor) => net.apply(trained, x), [{ shape: ['batch', 2] }]);
 */
export const asTensors = <P>(tree: P): TensorsOf<P> =>
  mapTree('asTensors', isHostArray, (leaf) => asTensor(leaf), tree) as TensorsOf<P>;

/**
 * A model as pure functions over its parameters. `Batch` is what its loss takes, where that is more than the input: images with
 * their labels, say.
 *
 * @example
 * const params = model.init(random(0));
 * const step = ode.compile((p, x) => model.apply(p, x));
 */
export interface Model<Params, Input, Output, Batch = Input> {
  readonly name: string;
  /** Fresh parameters: a tree of host arrays. */
  init(random: Random): Params;
  /** The model's output; parameters and input are traced. */
  apply(params: TensorsOf<Params>, input: Input): Output;
  /** A scalar to minimise, where the model has one of its own. */
  readonly loss?: (params: TensorsOf<Params>, batch: Batch) => Tensor;
}
