/** The residual block that an ODE block replaces. */
import { conv2d, type Conv2dParams, type Layer, type NormParams } from '@node-ode/nn';
import { stageOf, type StageOptions } from './stage.ts';

/** Parameters of `residualBlock`; `shortcut` where it has a stride. */
export interface ResidualBlockParams {
  readonly norm1: NormParams;
  readonly conv1: Conv2dParams;
  readonly norm2: NormParams;
  readonly conv2: Conv2dParams;
  readonly shortcut?: Conv2dParams;
}

/** Options of `residualBlock`. */
export interface ResidualBlockOptions extends StageOptions {
  /** Of the first convolution and the shortcut; 1 by default. */
  readonly stride?: number;
}

/**
 * y = x + conv₂ φ norm₂ conv₁ φ norm₁ x, φ = relu by default, 3×3 convolutions without biases (eq. 1 of Chen et al. 2018, in the form of He et
 * al. 2016b); `ResBlock` of the authors' `odenet_mnist.py`. With a stride the shortcut is a 1×1 convolution of φ norm₁ x.
 *
 * @throws OptionError if `channels` or `stride` is no positive integer or the groups do not divide the channels. ShapeError, when
 * applied, if the images' channels differ.
 * @example
 * const block = residualBlock(64);
 * const f = (p: TensorsOf<ResidualBlockParams>, x: Tensor) => block.apply(p, x); // f32[8,64,6,6]
 */
export function residualBlock(channels: number, options: ResidualBlockOptions = {}): Layer<ResidualBlockParams> {
  const { stride = 1 } = options;
  const { norm, active, dtype } = stageOf(channels, options);
  const conv1 = conv2d(channels, channels, 3, { padding: 1, strides: stride, bias: false, dtype });
  const conv2 = conv2d(channels, channels, 3, { padding: 1, bias: false, dtype });
  const shortcut = stride === 1 ? undefined : conv2d(channels, channels, 1, { strides: stride, bias: false, dtype });
  return {
    name: 'residualBlock',
    init: (random) => ({
      norm1: norm.init(random),
      conv1: conv1.init(random),
      norm2: norm.init(random),
      conv2: conv2.init(random),
      ...(shortcut === undefined ? {} : { shortcut: shortcut.init(random) }),
    }),
    apply: (params, x) => {
      const first = active(params.norm1, x);
      const change = conv2.apply(params.conv2, active(params.norm2, conv1.apply(params.conv1, first)));
      const kept = shortcut === undefined || params.shortcut === undefined ? x : shortcut.apply(params.shortcut, first);
      return kept.add(change);
    },
  };
}
