/** Diagonal Gaussians: samples, divergence from the prior, likelihood of observations. */
import { asTensor, formatType, OptionError, sameShape, select, ShapeError, array, type Tensor } from '@node-ode/core';

/** A diagonal Gaussian; both [..., features]. */
export interface Gaussian {
  readonly mean: Tensor;
  /** log σ². */
  readonly logVariance: Tensor;
}

/**
 * A sample by the reparametrisation μ + σ ⊙ ε (Kingma and Welling 2014, eq. 4 and 10): differentiable in μ and σ.
 *
 * @param noise standard normal, of the mean's shape: an input, drawn on the host
 * @throws ShapeError if the shapes differ.
 * @example
 * const z0 = sampleGaussian(posterior, noise); // noise: normal()(rng, [samples, latent])
 */
export function sampleGaussian({ mean, logVariance }: Gaussian, noise: Tensor): Tensor {
  if (!sameShape(noise.shape, mean.shape)) {
    throw new ShapeError('sampleGaussian', `noise ${formatType(noise.type)}`, {
      expected: `the shape of the mean ${formatType(mean.type)}`,
      advice: 'Draw one standard normal number for each latent component of each sample, on the host.',
    });
  }
  return mean.add(logVariance.mul(0.5).exp().mul(noise));
}

/**
 * KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (σ² + μ² − 1 − log σ²), summed over the last axis (Kingma and Welling 2014, appendix B).
 *
 * @example
 * const kl = klFromStandardNormal(posterior); // [samples]
 */
export const klFromStandardNormal = ({ mean, logVariance }: Gaussian): Tensor =>
  logVariance
    .exp()
    .add(mean.square())
    .sub(1)
    .sub(logVariance)
    .mul(0.5)
    .sum({ axes: [-1] });

/** A standard deviation of the observations' noise: one, or one for each component. */
export type Sigma = number | readonly number[];

/** @throws OptionError unless σ is positive, or one such number for each component. */
export function requireSigma(operation: string, sigma: Sigma, dimensions: number): void {
  const all = typeof sigma === 'number' ? [sigma] : sigma;
  const isRight = typeof sigma === 'number' || sigma.length === dimensions;
  if (isRight && all.every((value) => Number.isFinite(value) && value > 0)) return;
  throw new OptionError(operation, `sigma ${all.join(', ')}`, {
    expected: `a positive number, or ${dimensions} of them`,
  });
}

/**
 * log N(y; ŷ, σ²) of what is observed: −½ ((y − ŷ)/σ)² − log σ − ½ log 2π where the mask is true, else 0. What stands at
 * masked places, NaN too, touches neither value nor gradient.
 *
 * @param mask bool, or numbers of which 0 leaves out; of the target's shape
 * @returns of each value, in the target's shape
 * @throws ShapeError if the shapes differ.
 * @example
 * const perSeries = gaussianLogLikelihood(predicted, y, mask, 0.3).sum({ axes: [1, 2] });
 */
export function gaussianLogLikelihood(predicted: Tensor, target: Tensor, mask: Tensor, sigma: Sigma): Tensor {
  if (!sameShape(predicted.shape, target.shape) || !sameShape(mask.shape, target.shape)) {
    throw new ShapeError(
      'gaussianLogLikelihood',
      `predictions ${formatType(predicted.type)} and a mask ${formatType(mask.type)} for ${formatType(target.type)}`,
      { expected: 'one shape' },
    );
  }
  const isObserved = mask.dtype === 'bool' ? mask : mask.notEqual(0);
  const scale = asTensor(typeof sigma === 'number' ? sigma : array(sigma, { dtype: target.dtype }), target.dtype);
  const residual = select(isObserved, target.sub(predicted), 0).div(scale);
  const constant = scale.log().add(0.5 * Math.log(2 * Math.PI));
  return select(isObserved, residual.square().mul(-0.5).sub(constant), 0);
}
