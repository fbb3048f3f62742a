/** Points with further dimensions that are noise of known density. */
import { concat, formatType, OptionError, ShapeError, type Tensor } from '@node-ode/core';
import { standardNormalLogProb } from '../standard-normal.ts';

/** Points as a flow moves them: `draws` copies of each, in rows draw·samples + sample. */
export interface Augmented {
  readonly z: Tensor;
  /** From log p(x, e) of the rows to log p(x) [samples], or to a bound of it. */
  readonly marginal: (joint: Tensor) => Tensor;
}

/**
 * x [samples, D] with the noise e [draws, samples, p] behind it. As log p(x) = log E_q [p(x, e) / q(e)] with q = N(0, I),
 * one draw gives a lower bound in expectation, and many give the importance-weighted bound that tends to log p(x).
 *
 * @throws OptionError if there is noise and no dimension for it, or the other way round; ShapeError if shapes differ.
 */
export function augment(x: Tensor, noise: Tensor | undefined, dimensions: number): Augmented {
  if ((noise !== undefined) !== dimensions > 0) {
    const expected = dimensions > 0 ? `augment: noise of shape [draws, samples, ${dimensions}]` : 'no augment';
    throw new OptionError('cnf', noise === undefined ? 'no noise to augment with' : 'noise without dimensions for it', {
      expected,
      advice: 'Give what noise() of the flow gives: { x, ...flow.noise(random, samples) }.',
    });
  }
  if (noise === undefined) return { z: x, marginal: (joint) => joint };
  const [samples = 0, dimension = 0] = x.shape;
  const [draws = 0, rows, extra] = noise.shape;
  if (noise.rank !== 3 || rows !== samples || extra !== dimensions) {
    throw new ShapeError('cnf', `augment is ${formatType(noise.type)}`, {
      expected: `[draws, ${samples}, ${dimensions}]`,
    });
  }
  const copies = x.expandDims(0).broadcastTo([draws, samples, dimension]);
  return {
    z: concat([copies, noise], 2).reshape([draws * samples, dimension + dimensions]),
    marginal: (joint) => {
      const weights = joint.reshape([draws, samples]).sub(standardNormalLogProb(noise));
      return draws === 1 ? weights.squeeze(0) : weights.logSumExp({ axes: [0] }).sub(Math.log(draws));
    },
  };
}
