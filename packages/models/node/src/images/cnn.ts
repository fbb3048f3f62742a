/** A plain convolutional network, to compare with. */
import { maxPool2d, OptionError, ShapeError, type FloatDType, type Model, type Tensor } from '@node-ode/core';
import {
  activation as byName,
  conv2d,
  flatten,
  linear,
  type Activation,
  type ActivationName,
  type Conv2dParams,
  type LinearParams,
} from '@node-ode/nn';

/** Options of `cnn`. */
export interface CnnOptions {
  /** Channels, height and width of the images. */
  readonly image: readonly [channels: number, height: number, width: number];
  /** Classes of a classifier, numbers of a regressor. */
  readonly outputs: number;
  /** Channels of each convolution; [32, 64] by default. */
  readonly widths?: readonly number[];
  /** Units of the hidden layer; 128 by default. */
  readonly hidden?: number;
  /** `relu` by default. */
  readonly activation?: ActivationName | Activation;
  /** Of the parameters; `f32` by default. */
  readonly dtype?: FloatDType;
}

/** Parameters of `cnn`. */
export interface CnnParams {
  readonly convolutions: readonly Conv2dParams[];
  readonly hidden: LinearParams;
  readonly output: LinearParams;
}

/**
 * Convolutions of 3×3, each with an activation and a 2×2 max pooling after it, a hidden layer with the activation, and a linear layer; from
 * [samples, channels, H, W] to [samples, outputs]. 421 642 parameters for MNIST.
 *
 * @throws OptionError if a number is no positive integer, or the image is too small to be halved so often. ShapeError, when
 * applied, for other images.
 * @example
 * const model = classifier(cnn({ image: [1, 28, 28], outputs: 10 }));
 */
export function cnn(options: CnnOptions): Model<CnnParams, Tensor, Tensor> {
  const { image, outputs, widths = [32, 64], hidden = 128, activation = 'relu', dtype = 'f32' } = options;
  const active = byName(activation);
  const [channels, height, width] = image;
  const halved = (extent: number): number => Math.floor(extent / 2 ** widths.length);
  const features = (widths.at(-1) ?? channels) * halved(height) * halved(width);
  if (!(features >= 1)) {
    throw new OptionError('cnn', `images [${image.join(', ')}] with ${widths.length} poolings`, {
      expected: `extents of at least ${2 ** widths.length}`,
    });
  }
  const convolutions = widths.map((to, i) => conv2d(widths[i - 1] ?? channels, to, 3, { padding: 1, dtype }));
  const dense = linear(features, hidden, { dtype });
  const last = linear(hidden, outputs, { dtype });
  return {
    name: 'cnn',
    init: (random) => ({
      convolutions: convolutions.map((layer) => layer.init(random)),
      hidden: dense.init(random),
      output: last.init(random),
    }),
    apply: (params, x) => {
      requireImage(x, image);
      const small = convolutions.reduce((y, layer, i) => {
        const own = params.convolutions[i];
        return own === undefined ? y : maxPool2d(active(layer.apply(own, y)), 2);
      }, x);
      return last.apply(params.output, active(dense.apply(params.hidden, flatten(small))));
    },
  };
}

function requireImage(x: Tensor, image: CnnOptions['image']): void {
  if (x.rank === 4 && image.every((extent, axis) => x.shape[axis + 1] === extent)) return;
  throw new ShapeError('cnn', `images [${x.shape.join(', ')}]`, { expected: `[samples, ${image.join(', ')}]` });
}
