/** What linear layers share: fresh parameters, the affine map, and checks. */
import { formatType, ShapeError, type FloatDType, type Random, type Tensor, type TensorsOf } from '@node-ode/core';
import { uniform, type Initializer } from '../initializers/initializer.ts';
import { torchUniform } from '../initializers/variance-scaling.ts';
import type { LinearParams } from './layer.ts';

/** Options of linear layers. */
export interface LinearOptions {
  /** Whether a bias is added; it is by default. */
  readonly bias?: boolean;
  /** Of the weight; PyTorch's default, uniform on ±1/√inputs, by default. */
  readonly weightInit?: Initializer;
  /** Of the bias; PyTorch's default, uniform on ±1/√inputs, by default. */
  readonly biasInit?: Initializer;
  /** Of the parameters; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** Fresh parameters of an affine map. */
export function initAffine(random: Random, inputs: number, outputs: number, options: LinearOptions): LinearParams {
  const { bias = true, weightInit = torchUniform(), dtype = 'f32' } = options;
  const bound = 1 / Math.sqrt(inputs);
  const { biasInit = uniform({ low: -bound, high: bound }) } = options;
  const weight = weightInit(random, [inputs, outputs], dtype);
  return bias ? { weight, bias: biasInit(random, [outputs], dtype) } : { weight };
}

/** x·weight, where a vector is one row. */
export function project(x: Tensor, weight: Tensor): Tensor {
  if (x.rank > 1) return x.matmul(weight);
  return x.expandDims(0).matmul(weight).squeeze(0);
}

/** x·W + b, or x·W where there is no bias. */
export function affine({ weight, bias }: TensorsOf<LinearParams>, x: Tensor): Tensor {
  const y = project(x, weight);
  return bias === undefined ? y : y.add(bias);
}

/** @throws ShapeError unless the last axis of `x` has `features` elements. */
export function requireFeatures(operation: string, x: Tensor, features: number): void {
  if (x.shape.at(-1) === features) return;
  throw new ShapeError(operation, `an input ${formatType(x.type)}`, {
    expected: `a last axis of ${features}`,
    advice: 'Features are the last axis; samples, times and the like come before it.',
  });
}
