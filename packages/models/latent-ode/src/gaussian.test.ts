import { grad, OptionError, ShapeError, type Tensor } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { expectClose, f64, run } from '../test/harness.ts';
import { gaussianLogLikelihood, klFromStandardNormal, requireSigma, sampleGaussian } from './gaussian.ts';

const mean = f64([
  [0.3, -1.2],
  [2, 0],
]);
const logVariance = f64([
  [-0.5, 0.8],
  [-3, 0],
]);

describe('the divergence from the prior', () => {
  it('is ∫ q log(q/p), by quadrature', async () => {
    const kl = await run(
      (m: Tensor, v: Tensor) => klFromStandardNormal({ mean: m, logVariance: v }),
      [mean, logVariance],
    );
    const one = (mu: number, lv: number): number => {
      const sigma = Math.exp(lv / 2);
      // The trapezoidal rule converges faster than any power for a Gaussian: 2001 nodes on ±12σ are exact to rounding.
      const [n, width] = [2001, 24 * sigma];
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const x = mu - width / 2 + (width * i) / (n - 1);
        const q = Math.exp(-0.5 * ((x - mu) / sigma) ** 2) / (sigma * Math.sqrt(2 * Math.PI));
        sum += q * (-0.5 * ((x - mu) / sigma) ** 2 - Math.log(sigma) + 0.5 * x * x);
      }
      return (sum * width) / (n - 1);
    };
    expectClose(kl.data, [one(0.3, -0.5) + one(-1.2, 0.8), one(2, -3) + one(0, 0)], 1e-12);
    expect(kl.shape).toEqual([2]);
  });

  it('is 0 for the prior itself', async () => {
    const kl = await run((m: Tensor) => klFromStandardNormal({ mean: m, logVariance: m }), [f64([[0, 0, 0]])]);
    expect(Array.from(kl.data)).toEqual([0]);
  });
});

describe('samples', () => {
  it('are μ + σ·ε', async () => {
    const eps = f64([
      [1, -2],
      [0.5, 3],
    ]);
    const z = await run(
      (m: Tensor, v: Tensor, e: Tensor) => sampleGaussian({ mean: m, logVariance: v }, e),
      [mean, logVariance, eps],
    );
    expectClose(z.data, [0.3 + Math.exp(-0.25), -1.2 - 2 * Math.exp(0.4), 2 + 0.5 * Math.exp(-1.5), 3], 1e-15);
  });

  it('need noise for each component', async () => {
    const draw = (m: Tensor, e: Tensor): Tensor => sampleGaussian({ mean: m, logVariance: m }, e);
    await expect(run(draw, [mean, f64([1, 2])])).rejects.toThrow(
      'sampleGaussian: noise f64[2]; expected the shape of the mean f64[2,2].',
    );
  });
});

describe('the likelihood', () => {
  it('is that of each value, with one σ or one for each component', async () => {
    const [y, mask] = [f64([[[1, 2]]]), f64([[[1, 1]]])];
    const predicted = f64([[[0.5, 2.5]]]);
    const log = (d: number, s: number): number => -0.5 * (d / s) ** 2 - Math.log(s * Math.sqrt(2 * Math.PI));
    const by = (sigma: number | readonly number[]) =>
      run((p: Tensor, t: Tensor, m: Tensor) => gaussianLogLikelihood(p, t, m, sigma), [predicted, y, mask]);
    expectClose((await by(0.3)).data, [log(0.5, 0.3), log(0.5, 0.3)], 1e-14);
    expectClose((await by([0.3, 2])).data, [log(0.5, 0.3), log(0.5, 2)], 1e-14);
  });

  it('never sees what is masked, in value and gradient', async () => {
    const likelihood = (p: Tensor, y: Tensor, m: Tensor): Tensor => gaussianLogLikelihood(p, y, m, 0.5).sum();
    const [predicted, y, mask] = [f64([[[1.5, 5]]]), f64([[[1, NaN]]]), f64([[[1, 0]]])];
    const value = await run(likelihood, [predicted, y, mask]);
    expectClose(value.data, [-0.5 - Math.log(0.5 * Math.sqrt(2 * Math.PI))], 1e-15);
    const gradient = await run(
      (p: Tensor, t: Tensor, m: Tensor) => grad((x: Tensor) => likelihood(x, t, m))(p),
      [predicted, y, mask],
    );
    expectClose(gradient.data, [-0.5 / 0.25, 0], 1e-15);
  });

  it('refuses shapes and σ that do not fit', async () => {
    const short = (p: Tensor, t: Tensor): Tensor => gaussianLogLikelihood(p, t, t, 1);
    await expect(run(short, [f64([[1]]), f64([1])])).rejects.toThrow(ShapeError);
    expect(() => requireSigma('latentOde', 0, 2)).toThrow(OptionError);
    expect(() => requireSigma('latentOde', [1, 2, 3], 2)).toThrow(
      'latentOde: sigma 1, 2, 3; expected a positive number, or 2 of them.',
    );
    expect(() => requireSigma('latentOde', [1, NaN], 2)).toThrow(OptionError);
  });
});
