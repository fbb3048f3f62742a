/** Parameters with their optimiser's state: what a training step takes and gives. */
import type { HostArray, Tensor } from '@node-ode/core';
import type { Optimizer, OptimizerState } from './optimizer.ts';

/**
 * What a training step carries. `Scalar` is `HostArray` on the host and `Tensor` where it is traced; `P` is the
 * parameters' tree there.
 */
export interface TrainState<Scalar, P> {
  readonly params: P;
  readonly optimizer: OptimizerState<Scalar, P>;
}

/**
 * The state before the first step.
 *
 * @example
 * const state = trainState(adam({ learningRate: 1e-3 }), net.init(random(0)));
 */
export const trainState = <P>(optimizer: Optimizer, params: P): TrainState<HostArray, P> => ({
  params,
  optimizer: optimizer.init(params),
});

/**
 * The state after one update; traced.
 *
 * @throws TreeError or ShapeError if the gradients differ from the parameters in structure or shape.
 * @example
 * const { value, grad } = valueAndGrad(loss)(state.params, batch);
 * const next = applyGradients(optimizer, state, grad);
 */
export function applyGradients<T>(optimizer: Optimizer, state: TrainState<Tensor, T>, grads: T): TrainState<Tensor, T> {
  const { params, state: next } = optimizer.update(grads, state.optimizer, state.params);
  return { params, optimizer: next };
}
