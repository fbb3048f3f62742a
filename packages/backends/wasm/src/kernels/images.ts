/** Kernels with windows over images: the kernel's gradient of a convolution, and pooling. */
import type { PrimitiveParams } from '@node-ode/core';
import {
  convolutionSpec,
  convolutionWork,
  emitConvolutionKernelGrad,
  kernelGradScratch,
  sharedKernelGrad,
} from '../convolution/index.ts';
import { bytesOf } from '../convolution/regions.ts';
import {
  divisorOf,
  elementWindows,
  emitMaxPool,
  emitMaxPoolGrad,
  emitMeanPool,
  emitMeanPoolGrad,
  maxPoolGradRegions,
  maxPoolRegions,
  meanPoolGradRegions,
  meanPoolRegions,
  planeWindows,
} from '../pooling/index.ts';
import type { Kernel, Scratch, SharedKernel, TensorLike } from './kernel.ts';

const floats = ({ dtype }: TensorLike): 'f32' | 'f64' => (dtype === 'f64' ? 'f64' : 'f32');

const kernelGradSpec = (
  params: PrimitiveParams['conv2dKernelGrad'],
  [x, ct]: readonly TensorLike[],
  output: TensorLike,
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
  types: readonly TensorLike[],
  result: TensorLike,
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

/** How the windows that make a tensor of results lie on images. */
function windowsOf(params: PrimitiveParams['maxPool2d'], image: TensorLike, result: TensorLike) {
  const [samples, channels, height, width] = image.shape as FourAxes;
  const [, , lines, positions] = result.shape as FourAxes;
  const { window, strides, padBefore, dilations } = params;
  const lie = {
    image: [height, width],
    kernel: window,
    result: [lines, positions],
    strides,
    padBefore,
    dilations,
  } as const;
  const planes = planeWindows(floats(image), samples * channels, lie);
  return { planes, elements: elementWindows(planes.type, lie) };
}

export const maxPool2d: Kernel<'maxPool2d'> = (f, params, [x], y, scratch) => {
  emitMaxPool(f, windowsOf(params, x!, y).planes, { x: x!.address, y: y.address, scratch });
};

export const maxPool2dScratch: Scratch<'maxPool2d'> = (params, [x], y) =>
  bytesOf(maxPoolRegions(windowsOf(params, x!, y).planes));

export const maxPool2dGrad: Kernel<'maxPool2dGrad'> = (f, params, [x, y, ct], target, scratch) => {
  const { planes, elements } = windowsOf(params, x!, y!);
  const places = { x: x!.address, y: y!.address, ct: ct!.address, target: target.address, scratch };
  emitMaxPoolGrad(f, planes, elements, places);
};

export const maxPool2dGradScratch: Scratch<'maxPool2dGrad'> = (params, [x, y]) => {
  const { planes, elements } = windowsOf(params, x!, y!);
  return bytesOf(maxPoolGradRegions(planes, elements));
};

export const avgPool2d: Kernel<'avgPool2d'> = (f, params, [x], y, scratch) => {
  const { planes } = windowsOf(params, x!, y);
  const divisor = divisorOf(planes, params.countIncludePad);
  emitMeanPool(f, planes, divisor, { x: x!.address, y: y.address, scratch });
};

export const avgPool2dScratch: Scratch<'avgPool2d'> = (params, [x], y) => {
  const { planes } = windowsOf(params, x!, y);
  return bytesOf(meanPoolRegions(planes, divisorOf(planes, params.countIncludePad)));
};

export const avgPool2dGrad: Kernel<'avgPool2dGrad'> = (f, params, [ct], target, scratch) => {
  const { planes, elements } = windowsOf(params, target, ct!);
  const divisor = divisorOf(planes, params.countIncludePad);
  emitMeanPoolGrad(f, planes, elements, divisor, { ct: ct!.address, target: target.address, scratch });
};

export const avgPool2dGradScratch: Scratch<'avgPool2dGrad'> = (params, [ct], target) => {
  const { planes, elements } = windowsOf(params, target, ct!);
  return bytesOf(meanPoolGradRegions(elements, divisorOf(planes, params.countIncludePad)));
};
