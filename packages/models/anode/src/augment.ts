/** Augmentation: more dimensions for a state, behind those it has. */
import { concat, constant, OptionError, type Tensor } from '@node-ode/core';

/** Where extra dimensions come from. */
export interface AugmentOptions {
  /** Extra dimensions, channels for images: p of the paper; 0 is a Neural ODE. */
  readonly extra: number;
  /**
   * What they start as: `zeros`, as in the paper and by default, or `learned`, an affine map of the input (for images a
   * convolution of 1×1).
   */
  readonly augment?: 'zeros' | 'learned';
}

/** @throws OptionError unless the options go together. */
export function checkAugment(operation: string, { extra, augment = 'zeros' }: AugmentOptions): void {
  if (!Number.isInteger(extra) || extra < 0) {
    throw new OptionError(operation, `extra is ${extra}`, {
      expected: 'an integer of at least 0: how many dimensions are added',
    });
  }
  if (augment !== 'zeros' && augment !== 'learned') {
    throw new OptionError(operation, `augment '${String(augment)}'`, { expected: "'zeros' or 'learned'" });
  }
  if (augment === 'learned' && extra === 0) {
    throw new OptionError(operation, "augment 'learned' with extra 0", {
      expected: 'at least one extra dimension to learn',
      advice: "Set extra, or leave 'zeros', which with extra 0 is a Neural ODE.",
    });
  }
}

/**
 * `[x; 0]`, x with `extra` zeros more along an axis. x itself if there are none.
 *
 * @example
 * const h0 = appendZeros(x, 5, 1); // f32[20,2] gives f32[20,7]; channels of images f32[20,1,28,28] give f32[20,6,28,28]
 */
export function appendZeros(x: Tensor, extra: number, axis: number): Tensor {
  if (extra === 0) return x;
  const shape = x.shape.map((extent, i) => (i === (axis < 0 ? axis + x.rank : axis) ? extra : extent));
  return concat([x, constant(0, shape, x.dtype)], axis);
}
