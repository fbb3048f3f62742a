/** The right-hand sides of problems as functions of tensors. */
import { array, type Tensor } from '@node-ode/core';
import { mlp } from '@node-ode/nn';
import type { MlpDynamics, Problem } from '../problem.ts';
import { convBlockField } from './conv-block.ts';
import type { Field } from './field.ts';

/** yᵖ by multiplications. */
const power = (y: Tensor, p: number): Tensor => (p === 1 ? y : power(y, p - 1).mul(y));

function mlpField({ power: p, layers, activation, finalActivation }: MlpDynamics, dtype: Problem['dtype']): Field {
  const sizes = [layers[0]?.weight.length ?? 0, ...layers.map(({ bias }) => bias.length)];
  const net = mlp({ sizes, activation, finalActivation, dtype });
  return {
    params: layers.map(({ weight, bias }) => ({ weight: array(weight, { dtype }), bias: array(bias, { dtype }) })),
    at: (params) => (_t, y) => net.apply(params, power(y, p)),
  };
}

/** Weights and biases as answers list them: layer by layer, the weight before the bias. */
export const inOrder = <T>(layers: readonly { readonly weight: T; readonly bias: T }[]): readonly T[] =>
  layers.flatMap(({ weight, bias }) => [weight, bias]);

/** A problem's parameters, and its right-hand side for them. */
export function fieldOf({ dynamics, dtype }: Problem): Field {
  switch (dynamics.kind) {
    case 'mlp':
      return mlpField(dynamics, dtype);
    case 'convBlock':
      return convBlockField(dynamics, dtype);
  }
}
