/** What continuous and discrete flows have in common. */
import type { HostArray, Random, Tensor, TensorsOf } from '@node-ode/core';

/** Points that a flow drew, with the logarithm of the density that it has there. */
export interface FlowSample {
  /** [samples, dimension]. */
  readonly x: Tensor;
  /** [samples]. */
  readonly logProb: Tensor;
}

/** U(z) = −log of an unnormalised density, from points [samples, dimension] to [samples]. */
export type Energy = (x: Tensor) => Tensor;

/** A flow whose samples carry their density: what a fit to an unnormalised density needs. */
export interface Sampler<Params> {
  /** Fresh parameters: a tree of host arrays. */
  init(random: Random): Params;
  /** Base noise for `sample`: [samples, dimension]. */
  base(random: Random, samples: number): HostArray;
  /** Base noise carried through the flow. */
  sample(params: TensorsOf<Params>, base: Tensor): FlowSample;
}

/** E over samples of log q(x) + U(x): KL(q ‖ p) for p = e^−U / Z, up to the constant log Z. */
export const freeEnergy = ({ x, logProb }: FlowSample, energy: Energy): Tensor => logProb.add(energy(x)).mean();
