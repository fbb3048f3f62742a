/** The contract of dynamics with parameters, and dynamics from a layer that does not depend on time. */
import type { Random, Tensor, TensorsOf } from '@node-ode/core';
import type { Layer } from '@node-ode/nn';

/**
 * dy/dt = f(t, y, θ) with fresh parameters from a seed. `timeMlp` of @node-ode/nn is one as it is.
 *
 * @example
 * // y' = W·y³, the form of torchdiffeq's cubic spiral
 * const net = mlp({ sizes: [2, 50, 2] });
 * const dynamics = { init: net.init, apply: (params, t, y) => net.apply(params, y.pow(3)) };
 */
export interface NodeDynamics<Params, Y> {
  /** Fresh parameters: a tree of host arrays. */
  init(random: Random): Params;
  /** dy/dt, a tree like `y`, of the same shapes; `t` is a scalar. */
  apply(params: TensorsOf<Params>, t: Tensor, y: Y): Y;
}

/**
 * Dynamics that do not depend on time.
 *
 * @example
 * const dynamics = autonomous(mlp({ sizes: [2, 50, 2] }));
 */
export const autonomous = <Params>(layer: Layer<Params>): NodeDynamics<Params, Tensor> => ({
  init: (random) => layer.init(random),
  apply: (params, _t, y) => layer.apply(params, y),
});
