/** The right-hand sides of problems as functions of tensors. */
import { array, type Dynamics, type Tensor, type TensorsOf } from '@node-ode/core';
import { mlp, type LinearParams } from '@node-ode/nn';
import type { MlpDynamics, Problem, ProblemDynamics } from '../problem.ts';

/** Weights and biases, layer by layer. */
export type Params = readonly Required<LinearParams>[];

/** Parameters traced. */
export type ParamTensors = TensorsOf<Params>;

interface Field {
  readonly params: Params;
  readonly at: (params: ParamTensors) => Dynamics<Tensor>;
}

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

const fields: {
  readonly [K in ProblemDynamics['kind']]: (
    dynamics: Extract<ProblemDynamics, { readonly kind: K }>,
    dtype: Problem['dtype'],
  ) => Field;
} = { mlp: mlpField };

/** Weights and biases as answers list them: layer by layer, the weight before the bias. */
export const inOrder = <T>(layers: readonly { readonly weight: T; readonly bias: T }[]): readonly T[] =>
  layers.flatMap(({ weight, bias }) => [weight, bias]);

/** A problem's parameters, and its right-hand side for them. */
export const fieldOf = ({ dynamics, dtype }: Problem): Field => fields[dynamics.kind](dynamics, dtype);
