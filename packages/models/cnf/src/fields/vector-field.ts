/** The contract of what moves the points of a continuous flow. */
import type { Random, Tensor, TensorsOf } from '@node-ode/core';

/** A velocity, and what it does to volumes. */
export interface Motion {
  /** f(t, z): [samples, dimension]. */
  readonly velocity: Tensor;
  /** tr(∂f/∂z): [samples]. */
  readonly divergence: Tensor;
}

/**
 * dz/dt = f(t, z, θ) for points z [samples, dimension]. Each row is moved by itself: a field that mixes rows (batch
 * normalisation) has no divergence of its own for each. `timeMlp` and `concatSquashMlp` are fields as they are.
 *
 * @example
 * const field: VectorField<MlpParams> = timeMlp({ sizes: [2, 64, 2] });
 */
export interface VectorField<Params> {
  /** Fresh parameters: a tree of host arrays. */
  init(random: Random): Params;
  /** The velocity of each point; `t` is a scalar, or one time for each sample. */
  apply(params: TensorsOf<Params>, t: Tensor, z: Tensor): Tensor;
  /** The velocity with its divergence, where that is known in closed form. */
  readonly motion?: (params: TensorsOf<Params>, t: Tensor, z: Tensor) => Motion;
}

/** A field whose divergence is known in closed form. */
export interface ClosedFormField<Params> extends VectorField<Params> {
  readonly name: string;
  readonly motion: (params: TensorsOf<Params>, t: Tensor, z: Tensor) => Motion;
}
