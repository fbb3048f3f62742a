/** What convolution's gradients and pooling mean in basic primitives. Images are [samples, channels, height, width]. */
import { arange, select } from '../tensor/functions.ts';
import { constant, type Tensor } from '../tensor/tensor.ts';
import { applyOne } from '../tensor/trace.ts';
import type { DType } from './dtype.ts';
import type { AveragePoolParams, ConvParams, Pair, PoolParams, PrimitiveParams, WindowParams } from './primitives.ts';
import { pairOf, range, spatialExtents, spread, windowCounts } from './windows.ts';

type ImageComposite =
  'conv2dInputGrad' | 'conv2dKernelGrad' | 'maxPool2d' | 'maxPool2dGrad' | 'avgPool2d' | 'avgPool2dGrad';

export const imageComposites: {
  readonly [P in ImageComposite]: (inputs: readonly Tensor[], params: PrimitiveParams[P]) => Tensor;
} = {
  conv2dInputGrad: ([ct, kernel], params) => transposedConvolution(ct as Tensor, kernel as Tensor, params),
  conv2dKernelGrad: ([x, ct], params) => correlation(x as Tensor, ct as Tensor, params),
  maxPool2d: ([x], params) =>
    taps(x as Tensor, params, -Infinity)
      .map(({ values }) => values)
      .reduce((top, values) => top.maximum(values)),
  maxPool2dGrad: ([x, y, ct], params) => {
    const image = x as Tensor;
    const hits = taps(image, params, -Infinity).map(({ start, values }) => ({
      start,
      hit: values.equal(y as Tensor).cast(image.dtype),
    }));
    const share = (ct as Tensor).div(hits.map(({ hit }) => hit).reduce((count, hit) => count.add(hit)));
    return hits
      .map(({ start, hit }) => place(hit.mul(share), start, params.strides, spatialExtents(image.shape)))
      .reduce((sum, part) => sum.add(part));
  },
  avgPool2d: ([x], params) => {
    const image = x as Tensor;
    const sums = applyOne('conv2d', [planes(image), ones(params.window, image.dtype)], windowSum(params));
    return sums
      .reshape([...image.shape.slice(0, 2), ...spatialExtents(sums.shape)])
      .div(elementCounts(spatialExtents(image.shape), image.dtype, params));
  },
  avgPool2dGrad: ([ct], params) => {
    const { size } = params;
    const share = (ct as Tensor).div(elementCounts(size, (ct as Tensor).dtype, params));
    return applyOne('conv2dInputGrad', [planes(share), ones(params.window, share.dtype)], {
      ...windowSum(params),
      size,
    }).reshape([...share.shape.slice(0, 2), ...size]);
  },
};

/**
 * The image's cotangent: the result's, with stride − 1 zeros between its elements, convolved with the flipped kernel whose
 * channels have changed places (Dumoulin and Visin 2016, "A guide to convolution arithmetic", section 4).
 */
function transposedConvolution(ct: Tensor, kernel: Tensor, params: ConvParams & { readonly size: Pair }): Tensor {
  const { strides, padBefore, dilations, groups, size } = params;
  const [outputs = 0, inputs = 0, ...window] = kernel.shape;
  const counts = spatialExtents(ct.shape);
  const frame = (axis: 0 | 1): Frame => {
    const extent = spread(counts[axis], strides[axis]);
    const reach = spread(window[axis] ?? 1, dilations[axis]) - 1;
    const before = reach - padBefore[axis];
    const after = size[axis] + reach - extent - before;
    // Padding beyond the window's reach saw no element of the image: then elements of the cotangent are left out.
    return before < 0 || after < 0
      ? { start: before, extent: size[axis] + reach, before: 0, after: 0 }
      : { start: 0, extent, before, after };
  };
  const frames = [frame(0), frame(1)] as const;
  const swapped = kernel
    .reshape([groups, outputs / groups, inputs, ...window])
    .transpose([0, 2, 1, 3, 4])
    .reshape([groups * inputs, outputs / groups, ...window]);
  const spreadOut = place(
    ct,
    pairOf((axis) => frames[axis].start),
    strides,
    pairOf((axis) => frames[axis].extent),
  );
  return applyOne('conv2d', [spreadOut, flip(flip(swapped, 2), 3)], {
    strides: [1, 1],
    padBefore: pairOf((axis) => frames[axis].before),
    padAfter: pairOf((axis) => frames[axis].after),
    dilations,
    groups,
  });
}

/** One axis of an image to convolve: a row put at `start` of `extent` elements, and zeros around them. */
interface Frame {
  readonly start: number;
  readonly extent: number;
  readonly before: number;
  readonly after: number;
}

/** The kernel's cotangent: images convolved with the result's cotangent, samples in the place of channels, strides of dilations. */
function correlation(x: Tensor, ct: Tensor, params: ConvParams & { readonly size: Pair }): Tensor {
  const { strides, padBefore, padAfter, dilations, groups, size } = params;
  const [samples = 0, channels = 0, ...extents] = x.shape;
  const inputs = channels / groups;
  const images = x
    .reshape([samples, groups, inputs, ...extents])
    .transpose([2, 1, 0, 3, 4])
    .reshape([inputs, groups * samples, ...extents]);
  const kernels = applyOne('conv2d', [images, ct.transpose([1, 0, 2, 3])], {
    strides: dilations,
    padBefore,
    padAfter,
    dilations: strides,
    groups,
  });
  // Rows that the last stride did not reach have windows of their own.
  return kernels.slice([0, 0, 0, 0], [inputs, ct.shape[1] ?? 0, ...size]).transpose([1, 0, 2, 3]);
}

const flip = (x: Tensor, axis: number): Tensor => {
  const extent = x.shape[axis] ?? 0;
  return extent === 1
    ? x
    : x.gather(
        arange(extent)
          .neg()
          .add(extent - 1),
        axis,
      );
};

/** The tangent of max pooling: in each window the mean of the tangents of the largest elements, as ties share a cotangent. */
export function maxPoolTangent(x: Tensor, y: Tensor, tangent: Tensor, params: PoolParams): Tensor {
  const moved = taps(tangent, params, 0);
  const hits = taps(x, params, -Infinity).map(({ values }) => values.equal(y));
  const sum = moved.map(({ values }, i) => select(hits[i] as Tensor, values, 0)).reduce((a, b) => a.add(b));
  return sum.div(hits.map((hit) => hit.cast(y.dtype)).reduce((count, hit) => count.add(hit)));
}

/** One element of the window: the position on the image that it has in the first window, and its value in each. */
interface Tap {
  readonly start: Pair;
  readonly values: Tensor;
}

/** The elements of every window, one tensor [N, C, H', W'] for each position in the window. */
function taps(x: Tensor, params: PoolParams, padValue: number): readonly Tap[] {
  const { window, strides, padBefore, dilations } = params;
  const counts = windowCounts('taps', spatialExtents(x.shape), window, params);
  const size = spatialExtents(x.shape);
  // Room for whole strides, so that each tap is a slice.
  const room = pairOf((axis) => dilations[axis] * (window[axis] - 1) + counts[axis] * strides[axis]);
  const after = pairOf((axis) => Math.max(0, room[axis] - padBefore[axis] - size[axis]));
  const padded = x.pad([0, 0, ...padBefore], [0, 0, ...after], padValue);
  return range(window[0]).flatMap((row) =>
    range(window[1]).map((column): Tap => {
      const offset: Pair = [row * dilations[0], column * dilations[1]];
      return {
        start: pairOf((axis) => offset[axis] - padBefore[axis]),
        values: everyStride(padded, offset, strides, counts),
      };
    }),
  );
}

/** Elements start, start + stride, … of the spatial axes: `counts` of them. */
function everyStride(x: Tensor, start: Pair, strides: Pair, counts: Pair): Tensor {
  const lead = x.shape.slice(0, 2);
  const span = x.slice([0, 0, ...start], [...lead, counts[0] * strides[0], counts[1] * strides[1]]);
  return span
    .reshape([...lead, counts[0], strides[0], counts[1], strides[1]])
    .slice([0, 0, 0, 0, 0, 0], [...lead, counts[0], 1, counts[1], 1])
    .reshape([...lead, ...counts]);
}

/** Zeros of extents `size` with the elements of x at start, start + stride, …; those outside are left out. */
function place(x: Tensor, start: Pair, strides: Pair, size: Pair): Tensor {
  const lead = x.shape.slice(0, 2);
  const extents = spatialExtents(x.shape);
  const first = pairOf((axis) => Math.max(0, Math.ceil(-start[axis] / strides[axis])));
  const kept = pairOf((axis) => {
    const end = Math.min(extents[axis], Math.floor((size[axis] - 1 - start[axis]) / strides[axis]) + 1);
    return Math.max(0, end - first[axis]);
  });
  const covered = pairOf((axis) => (kept[axis] === 0 ? 0 : spread(kept[axis], strides[axis])));
  const before = pairOf((axis) => (kept[axis] === 0 ? 0 : start[axis] + first[axis] * strides[axis]));
  const after = pairOf((axis) => size[axis] - before[axis] - covered[axis]);
  return x
    .slice([0, 0, ...first], [...lead, ...kept])
    .reshape([...lead, kept[0], 1, kept[1], 1])
    .pad([0, 0, 0, 0, 0, 0], [0, 0, 0, strides[0] - 1, 0, strides[1] - 1])
    .reshape([...lead, kept[0] * strides[0], kept[1] * strides[1]])
    .slice([0, 0, 0, 0], [...lead, ...covered])
    .pad([0, 0, ...before], [0, 0, ...after]);
}

/** Each channel of each sample as an image of one channel: what pooling by a convolution convolves. */
const planes = (x: Tensor): Tensor => {
  const [samples = 0, channels = 0, ...size] = x.shape;
  return x.reshape([samples * channels, 1, ...size]);
};

const ones = (window: Pair, dtype: DType): Tensor => constant(1, [1, 1, ...window], dtype);

const windowSum = ({ strides, padBefore, padAfter, dilations }: WindowParams): ConvParams => ({
  strides,
  padBefore,
  padAfter,
  dilations,
  groups: 1,
});

/** How many elements each window's mean is over: a number, or [1, 1, H', W'] where padding is not counted. */
function elementCounts(size: Pair, dtype: DType, params: AveragePoolParams): Tensor | number {
  const { window, padBefore, padAfter, countIncludePad } = params;
  if (countIncludePad || [...padBefore, ...padAfter].every((width) => width === 0)) return window[0] * window[1];
  return applyOne('conv2d', [constant(1, [1, 1, ...size], dtype), ones(window, dtype)], windowSum(params));
}
