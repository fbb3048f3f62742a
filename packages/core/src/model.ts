/** The contract of a model: parameters from a seed, apply, and a loss where it has one. */
import type { HostArray } from './array.ts';
import type { Random } from './random.ts';
import type { Tensor } from './tensor/tensor.ts';
import type { MapLeaves } from './tree.ts';

/** A tree of host arrays as the tree of tensors that a traced function sees. */
export type TensorsOf<P> = MapLeaves<P, HostArray, Tensor>;

/**
 * A model as pure functions over its parameters.
 *
 * @example
 * const params = model.init(random(0));
 * const step = ode.compile((p, x) => model.apply(p, x));
 */
export interface Model<Params, Input, Output> {
  readonly name: string;
  /** Fresh parameters: a tree of host arrays. */
  init(random: Random): Params;
  /** The model's output; parameters and input are traced. */
  apply(params: TensorsOf<Params>, input: Input): Output;
  /** A scalar to minimise, where the model has one of its own. */
  readonly loss?: (params: TensorsOf<Params>, batch: Input) => Tensor;
}
