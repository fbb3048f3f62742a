/** The contracts of layers: parameters from a seed, and a pure function of them. */
import type { HostArray, Random, Tensor, TensorLike, TensorsOf } from '@node-ode/core';

/** A layer from tensors to tensors. */
export interface Layer<Params> {
  readonly name: string;
  /** Fresh parameters: a tree of host arrays. */
  init(random: Random): Params;
  /** The layer's output; parameters are traced. */
  apply(params: TensorsOf<Params>, x: Tensor): Tensor;
}

/** A layer that depends on time: `t` is a scalar, or has the shape of the leading axes of `x` (one time a sample). */
export interface TimeLayer<Params> {
  readonly name: string;
  /** Fresh parameters: a tree of host arrays. */
  init(random: Random): Params;
  /** The layer's output at time `t`; parameters are traced. */
  apply(params: TensorsOf<Params>, t: TensorLike, x: Tensor): Tensor;
}

/** Parameters of an affine map: `weight` [inputs, outputs], `bias` [outputs] unless it was left out. */
export interface LinearParams {
  readonly weight: HostArray;
  readonly bias?: HostArray;
}
