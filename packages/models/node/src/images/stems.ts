/** What brings images to the size at which the ODE block works. */
import { OptionError } from '@node-ode/core';
import { conv2d, type Conv2dParams, type Layer, type NormParams } from '@node-ode/nn';
import { residualBlock, type ResidualBlockParams } from './residual-block.ts';
import { stageOf, type StageOptions } from './stage.ts';

/** The two stems of the authors' code. */
export type StemKind = 'convolutional' | 'residual';

/** Parameters of `convolutionalStem`. */
export interface ConvolutionalStemParams {
  readonly conv1: Conv2dParams;
  readonly norm1: NormParams;
  readonly conv2: Conv2dParams;
  readonly norm2: NormParams;
  readonly conv3: Conv2dParams;
}

/** Parameters of `residualStem`. */
export interface ResidualStemParams {
  readonly conv: Conv2dParams;
  readonly block1: ResidualBlockParams;
  readonly block2: ResidualBlockParams;
}

/** Parameters of either stem. */
export type StemParams = ConvolutionalStemParams | ResidualStemParams;

/**
 * A 3×3 convolution to `width` channels and two of 4×4 with stride 2, with group norm and activation between them: 28×28 to 6×6.
 * `downsampling_method conv` of the authors' `odenet_mnist.py`.
 *
 * @throws OptionError if a number is no positive integer or the groups do not divide `width`. ShapeError, when applied, if the
 * images have other channels or are smaller than 8×8.
 * @example
 * const stem = convolutionalStem(1, 64); // f32[128,1,28,28] gives f32[128,64,6,6]
 */
export function convolutionalStem(
  channels: number,
  width: number,
  options: StageOptions = {},
): Layer<ConvolutionalStemParams> {
  const { norm, active, dtype } = stageOf(width, options);
  const first = conv2d(channels, width, 3, { dtype });
  const half = conv2d(width, width, 4, { strides: 2, padding: 1, dtype });
  return {
    name: 'convolutionalStem',
    init: (random) => ({
      conv1: first.init(random),
      norm1: norm.init(random),
      conv2: half.init(random),
      norm2: norm.init(random),
      conv3: half.init(random),
    }),
    apply: ({ conv1, norm1, conv2, norm2, conv3 }, x) => {
      const wide = active(norm1, first.apply(conv1, x));
      return half.apply(conv3, active(norm2, half.apply(conv2, wide)));
    },
  };
}

/**
 * A 3×3 convolution to `width` channels and two residual blocks with stride 2: 28×28 to 7×7. `downsampling_method res` of the
 * authors' `odenet_mnist.py`.
 *
 * @throws OptionError if a number is no positive integer or the groups do not divide `width`. ShapeError, when applied, if the
 * images have other channels or are smaller than 3×3.
 * @example
 * const stem = residualStem(1, 64); // f32[128,1,28,28] gives f32[128,64,7,7]
 */
export function residualStem(channels: number, width: number, options: StageOptions = {}): Layer<ResidualStemParams> {
  const first = conv2d(channels, width, 3, { dtype: options.dtype ?? 'f32' });
  const half = residualBlock(width, { ...options, stride: 2 });
  return {
    name: 'residualStem',
    init: (random) => ({ conv: first.init(random), block1: half.init(random), block2: half.init(random) }),
    apply: ({ conv, block1, block2 }, x) => half.apply(block2, half.apply(block1, first.apply(conv, x))),
  };
}

const stems = { convolutional: convolutionalStem, residual: residualStem } as const;

/** @throws OptionError for a kind that there is not, and what the stem throws. */
export function stemOf(kind: StemKind, channels: number, width: number, options: StageOptions): Layer<StemParams> {
  if (!Object.hasOwn(stems, kind)) {
    throw new OptionError('stem', `'${String(kind)}'`, { expected: "'convolutional' or 'residual'" });
  }
  return stems[kind](channels, width, options);
}
