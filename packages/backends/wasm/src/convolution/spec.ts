/** What a convolution is: extents and how the kernel lies on the image. */
import type { PrimitiveParams, Shape } from '@node-ode/core';

type ConvParams = PrimitiveParams['conv2d'];

/** Height and width. */
export type Pair = ConvParams['strides'];

/** How windows of `kernel` elements lie on images of extents `image`; zeros around them. */
export interface Windows {
  readonly image: Pair;
  readonly kernel: Pair;
  readonly result: Pair;
  readonly strides: Pair;
  readonly padBefore: Pair;
  readonly dilations: Pair;
}

/** y[N, G·O, H′, W′] of x[N, G·C, H, W] and kernel[G·O, C, kh, kw], dense and row-major; zeros around the image. */
export interface ConvolutionSpec extends Windows {
  readonly dtype: 'f32' | 'f64';
  readonly samples: number;
  readonly groups: number;
  /** C and O: channels of one group. */
  readonly inputs: number;
  readonly outputs: number;
}

/** Floating-point operations of a convolution; each of its gradients has about as many. */
export const convolutionWork = ({ samples, groups, inputs, outputs, kernel, result }: ConvolutionSpec): number =>
  2 * samples * groups * inputs * outputs * kernel[0] * kernel[1] * result[0] * result[1];

/** The convolution of tensors of these shapes. */
export function convolutionSpec(
  dtype: 'f32' | 'f64',
  shapes: { readonly x: Shape; readonly kernel: Shape; readonly y: Shape },
  { groups, strides, padBefore, dilations }: ConvParams,
): ConvolutionSpec {
  const [samples, channels, ...image] = shapes.x as readonly [number, number, number, number];
  const [outputs, , ...kernel] = shapes.kernel as readonly [number, number, number, number];
  const [, , ...result] = shapes.y as readonly [number, number, number, number];
  return {
    dtype,
    samples,
    groups,
    inputs: channels / groups,
    outputs: outputs / groups,
    image,
    kernel,
    result,
    strides,
    padBefore,
    dilations,
  };
}
