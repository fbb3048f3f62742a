/** From images to features: layers without parameters, as functions. */
import { formatType, OptionError, ShapeError, sizeOf, type Tensor } from '@node-ode/core';

/**
 * The mean of each channel of images: [samples, channels, H, W] → [samples, channels].
 *
 * @throws ShapeError if the input has not four axes.
 * @example
 * const features = globalAveragePool2d(images); // f32[8,64,6,6] gives f32[8,64]
 */
export function globalAveragePool2d(x: Tensor): Tensor {
  if (x.rank !== 4) {
    throw new ShapeError('globalAveragePool2d', `an input ${formatType(x.type)}`, {
      expected: 'images [samples, channels, height, width]',
    });
  }
  return x.mean({ axes: [2, 3] });
}

/**
 * The axes from `axis` on as one: [samples, …] → [samples, features] by default.
 *
 * @throws OptionError if there is no such axis.
 * @example
 * const features = flatten(images); // f32[8,64,6,6] gives f32[8,2304]
 */
export function flatten(x: Tensor, axis = 1): Tensor {
  if (!Number.isInteger(axis) || axis < 0 || axis >= x.rank) {
    throw new OptionError('flatten', `axis ${axis} of an input ${formatType(x.type)}`, {
      expected: 'one of its axes, counted from 0',
    });
  }
  return x.reshape([...x.shape.slice(0, axis), sizeOf(x.shape.slice(axis))]);
}
