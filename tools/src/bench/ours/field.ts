/** What right-hand sides are to the programs. */
import type { Dynamics, HostArray, Tensor, TensorsOf } from '@node-ode/core';

/** Weights and biases, layer by layer. */
export type Params = readonly { readonly weight: HostArray; readonly bias: HostArray }[];

/** Parameters traced. */
export type ParamTensors = TensorsOf<Params>;

/** A right-hand side for rows of states, and where its parameters start. */
export interface Field {
  readonly params: Params;
  readonly at: (params: ParamTensors) => Dynamics<Tensor>;
}
