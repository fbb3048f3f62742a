/**
 * Convolution and pooling of images. One layout: images are [samples, channels, height, width] and kernels [output channels,
 * input channels / groups, height, width], as in PyTorch and ONNX.
 */
import { isHostArray } from '../array.ts';
import { OptionError, ShapeError } from '../errors.ts';
import { formatShape } from '../graph/broadcast.ts';
import type { DType } from '../graph/dtype.ts';
import { formatType } from '../graph/graph.ts';
import { imageRules } from '../graph/infer-images.ts';
import type { Pair, WindowParams } from '../graph/primitives.ts';
import { pairOf, requireWindowParams, spatialExtents, spread } from '../graph/windows.ts';
import { describe } from '../tree.ts';
import { asTensor, isTensor, type Tensor, type TensorLike } from './tensor.ts';
import { applyOne } from './trace.ts';

/** One number for both spatial axes, or [height, width]. */
export type PairLike = number | Pair;

/**
 * What is put around an image: nothing (`'valid'`, the default); so much that there are ⌈extent / stride⌉ windows, what is odd
 * behind (`'same'`); as much on both sides; or unlike before and after.
 */
export type Padding = PairLike | 'same' | 'valid' | { readonly before: PairLike; readonly after: PairLike };

/** How windows lie on an image. */
export interface WindowOptions {
  /** Elements between neighbouring windows. */
  readonly strides?: PairLike;
  readonly padding?: Padding;
  /** Elements of the image between neighbouring elements of the window; 1 by default. */
  readonly dilations?: PairLike;
}

/** Options of a convolution. Strides are 1 by default. */
export interface ConvOptions extends WindowOptions {
  /** Input and output channels are cut into so many groups, each convolved by itself: 1 by default; the input's channels for a depthwise convolution. */
  readonly groups?: number;
}

/** Options of a transposed convolution: those of the convolution that it undoes the shape of. */
export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns more, less than the strides: which of the extents that a stride makes equal is meant. 0 by default. */
  readonly outputPadding?: PairLike;
}

/** Options of average pooling. Strides are the window's extents by default. */
export interface AveragePoolOptions extends WindowOptions {
  /** Whether zeros in the padding are among what the mean is over; true by default. */
  readonly countIncludePad?: boolean;
}

/**
 * Convolution of images [N, C, H, W] with kernels [O, C / groups, kh, kw], as neural networks have it: cross-correlation, the
 * kernel is not flipped. The result is [N, O, H', W'] with H' = ⌊(H + padding − dilation·(kh − 1) − 1) / stride⌋ + 1.
 *
 * @throws ShapeError if the channels do not fit or the window is larger than the padded image.
 * @throws OptionError for strides, dilations or groups that are not positive integers, or padding below zero.
 * @example
 * conv2d(images, kernel, { padding: 1 }); // f32[8,3,32,32] and f32[16,3,3,3] give f32[8,16,32,32]
 * conv2d(images, kernel, { strides: 2, padding: 'same' }); // f32[8,16,16,16]
 */
export function conv2d(x: TensorLike, kernel: TensorLike, options: ConvOptions = {}): Tensor {
  const [images, kernels] = operands('conv2d', x, kernel);
  const window = windowParams('conv2d', options, spatialExtents(images.shape), spatialExtents(kernels.shape), 1);
  return applyOne('conv2d', [images, kernels], { ...window, groups: options.groups ?? 1 });
}

/**
 * Transposed convolution of images [N, C, H, W] with kernels [C, O / groups, kh, kw]: the transpose of the linear map that
 * `conv2d` with the same kernel and options is, from [N, O, H', W'] to [N, C, H, W]. The result is [N, O, H', W'] with
 * H' = (H − 1)·stride − padding + dilation·(kh − 1) + 1 + outputPadding; with padding `'same'`, H' = H·stride.
 *
 * @throws ShapeError if the channels do not fit or nothing is left within the padding.
 * @throws OptionError as `conv2d`, and if `outputPadding` is not below the strides.
 * @example
 * convTranspose2d(features, kernel, { strides: 2, padding: 1, outputPadding: 1 }); // f32[8,16,7,7], f32[16,1,3,3]: f32[8,1,14,14]
 */
export function convTranspose2d(x: TensorLike, kernel: TensorLike, options: ConvTransposeOptions = {}): Tensor {
  const op = 'convTranspose2d';
  const [images, kernels] = operands(op, x, kernel);
  const [extents, window] = [spatialExtents(images.shape), spatialExtents(kernels.shape)];
  const scaled = pairOf((axis) => extents[axis] * asPair(op, 'strides', options.strides ?? 1)[axis]);
  const params = { ...windowParams(op, options, scaled, window, 1), groups: options.groups ?? 1 };
  requireWindowParams(op, params);
  const { strides, groups } = params;
  const channels = images.shape[1] ?? 0;
  if (images.rank !== 4 || kernels.rank !== 4 || channels !== kernels.shape[0] || channels % groups !== 0) {
    const inGroups = groups === 1 ? '' : ` in ${groups} groups`;
    throw new ShapeError(op, `images ${formatType(images.type)} and kernels ${formatType(kernels.type)}${inGroups}`, {
      expected:
        'images [samples, channels, height, width] and kernels [channels, outputs / groups, height, width], groups that divide the channels',
    });
  }
  const rest = asPair(op, 'outputPadding', options.outputPadding ?? 0);
  const isSame = options.padding === 'same';
  if (rest.some((n, axis) => !Number.isInteger(n) || n < 0 || n >= (strides[axis] ?? 1)) || (isSame && !isZero(rest))) {
    throw new OptionError(op, `outputPadding is ${formatShape(rest)}`, {
      expected: isSame ? "none with padding 'same'" : `integers from 0, below the strides ${formatShape(strides)}`,
    });
  }
  const size = pairOf((axis) => {
    const whole = (extents[axis] - 1) * strides[axis] + spread(window[axis], params.dilations[axis]);
    return isSame ? scaled[axis] : whole - params.padBefore[axis] - params.padAfter[axis] + rest[axis];
  });
  if (size.some((extent) => extent < 1)) {
    throw new ShapeError(op, `images of ${formatShape(images.shape)} have a result of extents ${formatShape(size)}`, {
      expected: 'at least one element',
      advice: 'Pad less: padding is taken away from the result.',
    });
  }
  // What the primitive would refuse is refused by the name that the user called.
  imageRules.conv2dInputGrad([images.type, kernels.type], { ...params, size }, op);
  return applyOne('conv2dInputGrad', [images, kernels], { ...params, size });
}

/**
 * The largest element of each window of images [N, C, H, W]; NaN if one is. Padding is −∞. The derivative goes to the largest
 * element, shared equally between several (PyTorch's goes to the first of them).
 *
 * @throws ShapeError if the window is larger than the padded image, or one window holds nothing but padding.
 * @example
 * maxPool2d(images, 2); // f32[8,16,32,32] gives f32[8,16,16,16]
 */
export function maxPool2d(x: TensorLike, window: PairLike, options: WindowOptions = {}): Tensor {
  const images = operand('maxPool2d', x);
  return applyOne('maxPool2d', [images], poolParams('maxPool2d', images, window, options));
}

/**
 * The mean of each window of images [N, C, H, W].
 *
 * @throws ShapeError if the window is larger than the padded image, or one window holds nothing but padding.
 * @example
 * avgPool2d(images, 3, { strides: 2, padding: 1, countIncludePad: false }); // f32[8,16,32,32] gives f32[8,16,16,16]
 */
export function avgPool2d(x: TensorLike, window: PairLike, options: AveragePoolOptions = {}): Tensor {
  const images = operand('avgPool2d', x);
  const countIncludePad = options.countIncludePad ?? true;
  return applyOne('avgPool2d', [images], { ...poolParams('avgPool2d', images, window, options), countIncludePad });
}

const dtypeOf = (...given: readonly TensorLike[]): DType =>
  given.find((x) => isTensor(x) || isHostArray(x))?.dtype ?? 'f32';

const operand = (op: string, x: TensorLike): Tensor => asTensor(x, dtypeOf(x), op);

function operands(op: string, x: TensorLike, kernel: TensorLike): readonly [images: Tensor, kernels: Tensor] {
  const dtype = dtypeOf(x, kernel);
  return [asTensor(x, dtype, op), asTensor(kernel, dtype, op)];
}

function poolParams(
  op: string,
  x: Tensor,
  extents: PairLike,
  options: WindowOptions,
): WindowParams & { readonly window: Pair } {
  const window = asPair(op, 'window', extents);
  return { window, ...windowParams(op, options, spatialExtents(x.shape), window, window) };
}

/** Options with every pair written out and padding in numbers. */
function windowParams(
  op: string,
  options: WindowOptions,
  size: Pair,
  window: Pair,
  defaultStrides: PairLike,
): WindowParams {
  const strides = asPair(op, 'strides', options.strides ?? defaultStrides);
  const dilations = asPair(op, 'dilations', options.dilations ?? 1);
  const padding = options.padding ?? 'valid';
  if (padding === 'same') {
    const total = pairOf((axis) => {
      const steps = Math.ceil(size[axis] / strides[axis]) - 1;
      return Math.max(0, steps * strides[axis] + spread(window[axis], dilations[axis]) - size[axis]);
    });
    const padBefore = pairOf((axis) => Math.floor(total[axis] / 2));
    return { strides, padBefore, padAfter: pairOf((axis) => total[axis] - padBefore[axis]), dilations };
  }
  const { before, after } = sidesOf(padding);
  const sides = `${numbers}, { before, after }, 'same' or 'valid'`;
  return {
    strides,
    padBefore: asPair(op, 'padding', before, sides),
    padAfter: asPair(op, 'padding', after, sides),
    dilations,
  };
}

function sidesOf(padding: Exclude<Padding, 'same'>): { readonly before: PairLike; readonly after: PairLike } {
  if (padding === 'valid') return { before: 0, after: 0 };
  return typeof padding === 'object' && 'before' in padding ? padding : { before: padding, after: padding };
}

const numbers = 'a number, or two: [height, width]';

function asPair(op: string, name: string, given: PairLike, expected = numbers): Pair {
  const pair: readonly unknown[] = typeof given === 'number' ? [given, given] : given;
  if (isNumberPair(pair)) return pair;
  const what = Array.isArray(pair) ? `[${pair.join(', ')}]` : describe(given);
  throw new OptionError(op, `${name} is ${what}`, { expected });
}

const isNumberPair = (pair: readonly unknown[]): pair is Pair =>
  Array.isArray(pair) && pair.length === 2 && pair.every((n) => typeof n === 'number');

const isZero = (pair: Pair): boolean => pair[0] === 0 && pair[1] === 0;
