/** The shape and dtype rules of convolutions and pooling: images are [samples, channels, height, width]. */
import { ShapeError } from '../errors.ts';
import { formatShape } from './broadcast.ts';
import { formatType, sameShape, tensorType, type Shape, type TensorType, type ValueType } from './graph.ts';
import { demand, floats, requireShape, sameDType, tensor } from './operands.ts';
import type { ConvParams, Pair, PoolParams } from './primitives.ts';
import type { Rules } from './rule.ts';
import { hasEmptyWindow, requireWindowParams, spatialExtents, windowCounts } from './windows.ts';

export type ImagePrimitive =
  'conv2d' | 'conv2dInputGrad' | 'conv2dKernelGrad' | 'maxPool2d' | 'maxPool2dGrad' | 'avgPool2d' | 'avgPool2dGrad';

export const imageRules: Rules<ImagePrimitive> = {
  conv2d: (types, params, op) => {
    const [x, kernel] = [fourAxes(op, types, 0, 'image'), fourAxes(op, types, 1, 'kernel')];
    return [tensorType(convolved(op, x.shape, kernel.shape, params), sameDType(op, [x, kernel]))];
  },
  conv2dInputGrad: (types, params, op) => {
    const [ct, kernel] = [fourAxes(op, types, 0, 'cotangent'), fourAxes(op, types, 1, 'kernel')];
    const image = imagesOf(ct.shape, (kernel.shape[1] ?? 0) * params.groups, requireShape(op, params.size));
    requireCotangent(op, ct, convolved(op, image, kernel.shape, params));
    return [tensorType(image, sameDType(op, [ct, kernel]))];
  },
  conv2dKernelGrad: (types, params, op) => {
    const [x, ct] = [fourAxes(op, types, 0, 'image'), fourAxes(op, types, 1, 'cotangent')];
    const inputs = Math.floor((x.shape[1] ?? 0) / params.groups);
    const kernel = [ct.shape[1] ?? 0, inputs, ...requireShape(op, params.size)];
    requireCotangent(op, ct, convolved(op, x.shape, kernel, params));
    return [tensorType(kernel, sameDType(op, [x, ct]))];
  },
  maxPool2d: (types, params, op) => {
    const x = fourAxes(op, types, 0, 'image');
    return [tensorType(pooled(op, x.shape, params), x.dtype)];
  },
  maxPool2dGrad: (types, params, op) => {
    const x = fourAxes(op, types, 0, 'image');
    const result = pooled(op, x.shape, params);
    const [y, ct] = [fourAxes(op, types, 1, 'result'), fourAxes(op, types, 2, 'cotangent')];
    sameDType(op, [x, y, ct]);
    requireCotangent(op, y, result);
    requireCotangent(op, ct, result);
    return [x];
  },
  avgPool2d: (types, params, op) => {
    const x = fourAxes(op, types, 0, 'image');
    return [tensorType(pooled(op, x.shape, params), x.dtype)];
  },
  avgPool2dGrad: (types, params, op) => {
    const ct = fourAxes(op, types, 0, 'cotangent');
    const image = imagesOf(ct.shape, ct.shape[1] ?? 0, requireShape(op, params.size));
    requireCotangent(op, ct, pooled(op, image, params));
    return [tensorType(image, ct.dtype)];
  },
};

function fourAxes(op: string, types: readonly ValueType[], index: number, what: string): TensorType {
  const x = demand(op, tensor(op, types, index), floats);
  if (x.shape.length === 4) return x;
  throw new ShapeError(op, `the ${what} is ${formatType(x)}`, {
    expected:
      what === 'kernel'
        ? 'four axes: [output channels, input channels / groups, height, width]'
        : 'four axes: [samples, channels, height, width]',
    advice: 'Reshape it: one image is a batch of one.',
  });
}

const imagesOf = (like: Shape, channels: number, size: Pair): Shape => [like[0] ?? 0, channels, ...size];

/** The shape [N, O, H', W'] of images of shape `x` convolved with kernels of shape `kernel`. */
function convolved(op: string, x: Shape, kernel: Shape, params: ConvParams): Shape {
  requireWindowParams(op, params);
  const { groups } = params;
  const [samples = 0, channels = 0] = x;
  const [outputs = 0, inputs = 0] = kernel;
  if (inputs * groups !== channels || outputs % groups !== 0) {
    throw new ShapeError(
      op,
      `images of ${formatShape(x)} and kernels of ${formatShape(kernel)} in ${groups === 1 ? 'one group' : `${groups} groups`}`,
      {
        expected: `images with ${inputs * groups} channels (${inputs} for each group), and output channels that the groups divide`,
        advice: 'Images are [samples, channels, height, width], kernels [outputs, inputs / groups, height, width].',
      },
    );
  }
  return [samples, outputs, ...windowCounts(op, spatialExtents(x), spatialExtents(kernel), params)];
}

/** The shape [N, C, H', W'] of pooled images of shape `x`. */
function pooled(op: string, x: Shape, params: PoolParams): Shape {
  requireWindowParams(op, params);
  const { window, padBefore, padAfter } = params;
  const counts = windowCounts(op, spatialExtents(x), window, params);
  if (hasEmptyWindow(spatialExtents(x), window, params)) {
    throw new ShapeError(
      op,
      `padding of ${formatShape(padBefore)} before and ${formatShape(padAfter)} after images of ${formatShape(x)} for a window of ${formatShape(window)}`,
      { expected: 'an element of the image in each window', advice: 'Pad by less than the window.' },
    );
  }
  return [...x.slice(0, 2), ...counts];
}

function requireCotangent(op: string, ct: TensorType, result: Shape): void {
  if (sameShape(ct.shape, result)) return;
  throw new ShapeError(op, `a result or cotangent of ${formatType(ct)}`, {
    expected: `the shape of the result, ${formatShape(result)}`,
  });
}
