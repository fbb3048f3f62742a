/** Pooling on planes: each channel of each sample is an image of one channel, so that nothing is laid out anew. */
import type { NodeOf } from '@node-ode/core';
import type { OptionalLowering, KernelBuilder, Register } from '../contract.ts';
import { filled, reshape } from '../shaping.ts';
import { padding, planes } from './layout.ts';
import { isOnes, isZeros } from './windows.ts';

/**
 * tfjs's kernel passes over NaN, or gives −∞ for it. Twice the sum of the window's sizes does neither, and is no less than any
 * of its elements: the smaller one of both is the largest element, or NaN. TensorFlow's gives the smallest number for −∞ and takes no
 * padding: there it is decomposed.
 */
export const maxPool2d: OptionalLowering<'maxPool2d'> = (builder, inputs, { params, outputs }) => {
  const [x] = inputs as readonly [Register];
  const type = outputs[0]?.type;
  const isLeft = builder.backendName === 'tensorflow' || x.shape.includes(0) || !hasKernel(params);
  if (type?.kind !== 'tensor' || isLeft) return undefined;
  const images = planes(builder, x);
  const [rows = 0, columns = 0] = type.shape.slice(2);
  const result = { shape: [images.shape[0] ?? 0, rows, columns, 1], dtype: 'float32' } as const;
  const largest = builder.call('MaxPool', { x: images }, attributesOf(params), result);
  return reshape(builder, builder.lower('minimum', [largest, bound(builder, images, params)], {}), type.shape);
};

type PoolParams = NodeOf<'maxPool2d'>['params'];

/** tfjs's kernels have no dilation; XNNPACK's wants more than one element, and no stride beyond them. */
const hasKernel = ({ window, strides, dilations }: PoolParams): boolean =>
  isOnes(dilations) && !isOnes(window) && strides.every((stride, axis) => stride <= (window[axis] ?? 0));

const attributesOf = ({ window, strides, padBefore, padAfter }: PoolParams): Readonly<Record<string, unknown>> => ({
  filterSize: window,
  strides,
  pad: padding(padBefore, padAfter, 'NHWC'),
});

/** Twice the sum of the sizes in each window, [planes, H', W', 1]. */
function bound(builder: KernelBuilder, images: Register, { window, ...params }: PoolParams): Register {
  const [count = 0, height = 0, width = 0] = images.shape;
  const sizes = reshape(builder, builder.lower('abs', [images], {}), [count, 1, height, width]);
  const sums = builder.lower('conv2d', [sizes, filled(builder, 2, [1, 1, ...window])], { ...params, groups: 1 });
  const [, , rows = 0, columns = 0] = sums.shape;
  return reshape(builder, sums, [count, rows, columns, 1]);
}

/**
 * Windows that lie side by side are axes of their own: each window's cotangent over the number of its largest elements goes to all
 * of those, where tfjs's kernel gives it to one. Other windows are decomposed.
 */
export const maxPool2dGrad: OptionalLowering<'maxPool2dGrad'> = (builder, inputs, { params }) => {
  const [x, y, ct] = inputs as readonly [Register, Register, Register];
  if (x.shape.includes(0) || !isTiling(x, y, params)) return undefined;
  const [samples = 0, channels = 0, rows = 0, columns = 0] = y.shape;
  const [height, width] = params.window;
  const lead = samples * channels * rows;
  const perWindow = (values: Register): Register => reshape(builder, values, [lead, 1, columns, 1]);
  const images = reshape(builder, x, [lead, height, columns, width]);
  const hits = builder.lower('cast', [builder.lower('equal', [images, perWindow(y)], {})], { dtype: 'f32' });
  const count = builder.lower('sum', [hits], { axes: [1, 3], keepDims: true });
  const share = builder.lower('div', [perWindow(ct), count], {});
  return reshape(builder, builder.lower('mul', [hits, share], {}), x.shape);
};

/** Whether each element of the image is in one window, and no padding. */
const isTiling = (x: Register, y: Register, { window, strides, dilations, padBefore, padAfter }: PoolParams): boolean =>
  isOnes(dilations) &&
  isZeros(padBefore) &&
  isZeros(padAfter) &&
  [0, 1].every(
    (axis) =>
      window[axis] === strides[axis] && (y.shape[axis + 2] ?? 0) * (window[axis] ?? 0) === (x.shape[axis + 2] ?? 0),
  );
