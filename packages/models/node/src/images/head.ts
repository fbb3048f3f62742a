/** What makes outputs of the features that the ODE block leaves. */
import { globalAveragePool2d, linear, type Layer, type LinearParams, type NormParams } from '@node-ode/nn';
import { stageOf, type StageOptions } from './stage.ts';

/** Parameters of `imageHead`. */
export interface ImageHeadParams {
  readonly norm: NormParams;
  readonly linear: LinearParams;
}

/**
 * Group norm, activation, the mean of each channel, and a linear layer: [samples, channels, H, W] to [samples, outputs].
 *
 * @throws OptionError if a number is no positive integer or the groups do not divide the channels. ShapeError, when applied, if
 * the images' channels differ.
 * @example
 * const head = imageHead(64, 10); // f32[128,64,6,6] gives f32[128,10]
 */
export function imageHead(channels: number, outputs: number, options: StageOptions = {}): Layer<ImageHeadParams> {
  const { norm, active, dtype } = stageOf(channels, options);
  const out = linear(channels, outputs, { dtype });
  return {
    name: 'imageHead',
    init: (random) => ({ norm: norm.init(random), linear: out.init(random) }),
    apply: (params, x) => out.apply(params.linear, globalAveragePool2d(active(params.norm, x))),
  };
}
