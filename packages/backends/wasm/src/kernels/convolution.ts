/** The kernel's gradient of a convolution. */
import type { PrimitiveParams, Shape } from '@node-ode/core';
import {
  convolutionSpec,
  emitConvolutionKernelGrad,
  kernelGradScratch,
  type ConvolutionSpec,
} from '../convolution/index.ts';
import type { DType } from '../compile/types.ts';
import type { Kernel } from './kernel.ts';

type Params = PrimitiveParams['conv2dKernelGrad'];

/** A tensor's type. */
export interface Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
}

function specOf(params: Params, [x, ct]: readonly Tensor[], output: Tensor): ConvolutionSpec {
  const shapes = { x: x!.shape, kernel: output.shape, y: ct!.shape };
  return convolutionSpec(output.dtype === 'f64' ? 'f64' : 'f32', shapes, params);
}

export const conv2dKernelGradScratch = (params: Params, inputs: readonly Tensor[], output: Tensor): number =>
  kernelGradScratch(specOf(params, inputs, output));

export const conv2dKernelGrad: Kernel<'conv2dKernelGrad'> = (f, params, inputs, output, scratch) => {
  const [x, ct] = inputs.map(({ address }) => f.keep('i32', address));
  const target = f.keep('i32', output.address);
  emitConvolutionKernelGrad(f, specOf(params, inputs, output), { x: x!, ct: ct!, target, scratch });
};
