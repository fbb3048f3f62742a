/** Convolution and its gradients on `cpu`, by kernels of our own: images stay as they are, and groups need no calls of their own. */
import type { ConvParams, NodeOf, Shape } from '@node-ode/core';
import type { KernelAttributes, KernelBuilder, Lowering, Register } from '../contract.ts';
import { conv2dInputGradName, conv2dKernelGradName, conv2dName } from '../in-memory/convolution/index.ts';

interface ImageLowerings {
  readonly conv2d: Lowering<'conv2d'>;
  readonly conv2dInputGrad: Lowering<'conv2dInputGrad'>;
  readonly conv2dKernelGrad: Lowering<'conv2dKernelGrad'>;
}

export const inMemoryImages: ImageLowerings = {
  conv2d: (builder, [x, kernel], { params, outputs }) => {
    const result = shapeOf(outputs);
    return call(builder, conv2dName, [x!, kernel!], attributes(params, x!.shape, kernel!.shape, result), result);
  },
  conv2dInputGrad: (builder, [ct, kernel], { params, outputs }) => {
    const image = shapeOf(outputs);
    return call(
      builder,
      conv2dInputGradName,
      [ct!, kernel!],
      attributes(params, image, kernel!.shape, ct!.shape),
      image,
    );
  },
  conv2dKernelGrad: (builder, [x, ct], { params, outputs }) => {
    const kernel = shapeOf(outputs);
    return call(builder, conv2dKernelGradName, [x!, ct!], attributes(params, x!.shape, kernel, ct!.shape), kernel);
  },
};

const shapeOf = ([output]: NodeOf<'conv2d'>['outputs']): Shape =>
  output?.type.kind === 'tensor' ? output.type.shape : [];

const attributes = (
  { strides, dilations, padBefore, padAfter, groups }: ConvParams,
  image: Shape,
  kernel: Shape,
  result: Shape,
): KernelAttributes => ({ strides, dilations, padBefore, padAfter, groups, image, kernel, result });

const call = (
  builder: KernelBuilder,
  kernel: string,
  operands: readonly Register[],
  given: KernelAttributes,
  shape: Shape,
): Register => builder.call(kernel, operands, given, { shape, dtype: 'float32' });
