/** Kernels with windows over images: the kernel's gradient of a convolution, and pooling. */
import type { PrimitiveParams, Shape } from '@node-ode/core';
import {
  convolutionSpec,
  convolutionWork,
  emitConvolutionKernelGrad,
  kernelGradScratch,
  sharedKernelGrad,
} from '../convolution/index.ts';
import { align, type DType } from '../compile/types.ts';
import {
  divisorOf,
  emitMaxPool,
  emitMaxPoolGrad,
  emitMeanPool,
  emitMeanPoolGrad,
  planeWindows,
  type PlaneWindows,
} from '../pooling/index.ts';
import type { Kernel, SharedKernel } from './kernel.ts';

/** A tensor's type. */
export interface Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Bytes of scratch memory that a kernel needs. */
export type Scratch<P extends keyof PrimitiveParams> = (
  params: PrimitiveParams[P],
  inputs: readonly Tensor[],
  output: Tensor,
) => number;

const floats = ({ dtype }: Tensor): 'f32' | 'f64' => (dtype === 'f64' ? 'f64' : 'f32');

const kernelGradSpec = (
  params: PrimitiveParams['conv2dKernelGrad'],
  [x, ct]: readonly Tensor[],
  output: Tensor,
): Parameters<typeof kernelGradScratch>[0] =>
  convolutionSpec(floats(output), { x: x!.shape, kernel: output.shape, y: ct!.shape }, params);

export const conv2dKernelGrad: Kernel<'conv2dKernelGrad'> = (f, params, inputs, output, scratch) => {
  const [x, ct] = inputs.map(({ address }) => f.keep('i32', address));
  const target = f.keep('i32', output.address);
  emitConvolutionKernelGrad(f, kernelGradSpec(params, inputs, output), { x: x!, ct: ct!, target, scratch });
};

/** Floating-point operations. */
export const conv2dKernelGradWork: Scratch<'conv2dKernelGrad'> = (params, inputs, output) =>
  convolutionWork(kernelGradSpec(params, inputs, output));

/** In at most so many parts; undefined if it is one piece. */
export function sharedConv2dKernelGrad(
  params: PrimitiveParams['conv2dKernelGrad'],
  types: readonly Tensor[],
  result: Tensor,
  mostParts: number,
): SharedKernel | undefined {
  const shared = sharedKernelGrad(kernelGradSpec(params, types, result), mostParts);
  if (shared === undefined) return undefined;
  return {
    ...shared,
    emitPart: (f, inputs, output, at) => {
      const [x, ct] = inputs.map(({ address }) => f.keep('i32', address));
      shared.emitPart(f, { x: x!, ct: ct!, target: f.keep('i32', output.address) }, at);
    },
  };
}

export const conv2dKernelGradScratch: Scratch<'conv2dKernelGrad'> = (params, inputs, output) =>
  kernelGradScratch(kernelGradSpec(params, inputs, output));

type FourAxes = readonly [samples: number, channels: number, height: number, width: number];

/** The windows that make a tensor of results of images. */
function windowsOf(params: PrimitiveParams['maxPool2d'], image: Tensor, result: Tensor): PlaneWindows {
  const [samples, channels, height, width] = image.shape as FourAxes;
  const [, , lines, positions] = result.shape as FourAxes;
  const { window, strides, padBefore, dilations } = params;
  return planeWindows(floats(image), samples * channels, {
    image: [height, width],
    kernel: window,
    result: [lines, positions],
    strides,
    padBefore,
    dilations,
  });
}

export const maxPool2d: Kernel<'maxPool2d'> = (f, params, [x], y, scratch) => {
  emitMaxPool(f, windowsOf(params, x!, y), { x: x!.address, y: y.address, scratch });
};

export const maxPool2dScratch: Scratch<'maxPool2d'> = (params, [x], y) => windowsOf(params, x!, y).frameBytes;

export const maxPool2dGrad: Kernel<'maxPool2dGrad'> = (f, params, [x, y, ct], target, scratch) => {
  const places = { x: x!.address, y: y!.address, ct: ct!.address, target: target.address, scratch };
  emitMaxPoolGrad(f, windowsOf(params, x!, y!), places);
};

export const maxPool2dGradScratch: Scratch<'maxPool2dGrad'> = (params, [x, y]) =>
  2 * align(windowsOf(params, x!, y!).frameBytes);

export const avgPool2d: Kernel<'avgPool2d'> = (f, params, [x], y, scratch) => {
  const places = { x: x!.address, y: y.address, scratch };
  emitMeanPool(f, windowsOf(params, x!, y), params.countIncludePad, places);
};

export const avgPool2dScratch: Scratch<'avgPool2d'> = (params, [x], y) =>
  meanScratch(windowsOf(params, x!, y), params.countIncludePad);

export const avgPool2dGrad: Kernel<'avgPool2dGrad'> = (f, params, [ct], target, scratch) => {
  const places = { ct: ct!.address, target: target.address, scratch };
  emitMeanPoolGrad(f, windowsOf(params, target, ct!), params.countIncludePad, places);
};

export const avgPool2dGradScratch: Scratch<'avgPool2dGrad'> = (params, [ct], target) =>
  meanScratch(windowsOf(params, target, ct!), params.countIncludePad);

const meanScratch = (windows: PlaneWindows, countIncludePad: boolean): number =>
  align(windows.frameBytes) + align(divisorOf(windows, countIncludePad).bytes);
