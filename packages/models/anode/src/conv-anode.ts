/** Augmented Neural ODEs of images. */
import { concat, formatType, ShapeError, type Tensor } from '@node-ode/core';
import { conv2d, flatten, linear, type Conv2dParams, type LinearParams } from '@node-ode/nn';
import { appendZeros, checkAugment, type AugmentOptions } from './augment.ts';
import { augmentedOde, type AugmentedOde, type FlowOptions } from './augmented-ode.ts';
import { convField, type ConvFieldParams, type FieldOptions } from './dynamics.ts';
import { partOf } from './part-of.ts';

/** Channels, height and width of an image. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** An augmented Neural ODE of images. */
export interface ConvAnodeOptions extends FlowOptions, FieldOptions, AugmentOptions {
  /** Of the input, without the extra channels. */
  readonly image: ImageShape;
  /** Filters of the ODE function. */
  readonly filters: number;
  /** Of the linear layer behind the flow: as many logits as classes. */
  readonly outputs: number;
}

/** Parameters: `lift` where augmentation is learned. */
export interface ConvAnodeParams {
  readonly lift?: Conv2dParams;
  readonly field: ConvFieldParams;
  readonly head: LinearParams;
}

/**
 * The augmented Neural ODE of images [samples, channels, height, width]: `extra` channels of zeros, a flow by `convField`, and a
 * linear layer of all channels and pixels. Nothing comes before the flow (Dupont, Doucet and Teh 2019).
 *
 * The paper's networks for MNIST are `{ image: [1, 28, 28], extra: 0, filters: 92 }` and `{ extra: 5, filters: 64 }`, those for
 * CIFAR-10 and SVHN `{ image: [3, 32, 32], extra: 0, filters: 125 }` and `{ extra: 10, filters: 64 }`.
 *
 * @throws OptionError if a size is out of range or t1 is 0; ShapeError, when applied, if the images differ. What `odeint` throws,
 * when applied.
 * @example
 * const ode = createOde({ backend: await wasm(), solver: dopri5(), rtol: 1e-3, atol: 1e-3 });
 * const model = convAnode({ ode, image: [1, 28, 28], extra: 5, filters: 64, outputs: 10 });
 * const params = model.init(random(0));
 * const classify = ode.compile((p: TensorsOf<ConvAnodeParams>, x: Tensor) => model.apply(p, x).argMax());
 */
export function convAnode(options: ConvAnodeOptions): AugmentedOde<ConvAnodeParams> {
  const { image, extra, augment = 'zeros', filters, outputs, dtype = 'f32' } = options;
  checkAugment('convAnode', options);
  const [channels, height, width] = image;
  const lift = augment === 'learned' ? conv2d(channels, extra, 1, { dtype }) : undefined;
  const field = convField(channels + extra, filters, options);
  const head = linear((channels + extra) * height * width, outputs, { dtype });
  return augmentedOde<ConvAnodeParams>({
    ...options,
    name: 'convAnode',
    init: (random) => ({
      ...(lift && { lift: lift.init(random) }),
      field: field.init(random),
      head: head.init(random),
    }),
    lift: (params, x) => {
      requireImages(x, image);
      if (lift === undefined) return appendZeros(x, extra, 1);
      return concat([x, lift.apply(partOf('convAnode', 'lift', params.lift), x)], 1);
    },
    field: (params, t, h) => field.apply(params.field, t, h),
    head: (params, h) => head.apply(params.head, flatten(h)),
  });
}

function requireImages(x: Tensor, image: ImageShape): void {
  if (x.rank === 4 && image.every((extent, i) => x.shape[i + 1] === extent)) return;
  throw new ShapeError('convAnode', `an input ${formatType(x.type)}`, {
    expected: `images [samples, ${image.join(', ')}]`,
    advice: 'The input is without the extra channels, which the model adds.',
  });
}
