/** The bound against a linear Gaussian model, in which all of it is known. */
import { reference } from '@node-ode/backend-reference';
import { array, asTensor, createOde, type HostArray, type TensorsOf } from '@node-ode/core';
import { linear, type LinearParams } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { expectClose, f64, run } from '../test/harness.ts';
import type { Encoder } from './encoder.ts';
import { latentOde, type LatentOdeBatch, type LatentOdeParams } from './latent-ode.ts';

const dtype = 'f64';
const backend = reference();
const ode = createOde({ backend, solver: dopri5(), rtol: 1e-10, atol: 1e-12, dtype });

describe('the lower bound', () => {
  // z' = a·z, x = w·z + ε: all is Gaussian. q(z₀ | x) has the mean c·Σ w·eᵃᵗ·x and the variance v.
  const [a, w, sigma] = [-0.7, 1.5, 0.4];
  const times = [0, 0.3, 1.1];
  const seen = [1, 0, 1];
  const x = [0.8, 99, -0.2];
  const gains = times.map((t) => w * Math.exp(a * t));
  const statistic = gains.reduce((sum, g, k) => sum + seen[k]! * g * x[k]!, 0);
  const information = gains.reduce((sum, g, k) => sum + seen[k]! * g * g, 0);
  const column = (values: readonly number[]): HostArray => array(values, { shape: [1, 3, 1], dtype });
  const encoder: Encoder<readonly []> = {
    name: 'statistic',
    dimensions: 1,
    features: 1,
    init: () => [],
    apply: (_, { y, mask }) =>
      y
        .mul(mask)
        .mul(asTensor(column(gains)))
        .sum({ axes: [1] }),
  };
  const model = latentOde({
    encoder,
    latent: 1,
    dynamics: linear(1, 1, { bias: false, dtype }),
    decoder: linear(1, 1, { bias: false, dtype }),
    sigma,
    ode,
    dtype,
  });
  const parameters = (scale: number, variance: number): LatentOdeParams<readonly [], LinearParams, LinearParams> => ({
    encoder: [],
    posterior: { weight: f64([[scale, 0]]), bias: f64([0, Math.log(variance)]) },
    dynamics: { weight: f64([[a]]) },
    decoder: { weight: f64([[w]]) },
  });
  const observed = { t: f64(times), y: column(x), mask: column(seen) };
  const boundOf = (scale: number, variance: number, epsilon: number, klWeight = 1) =>
    run(
      (p: TensorsOf<ReturnType<typeof parameters>>, batch: LatentOdeBatch) => model.elbo(p, batch),
      [parameters(scale, variance), { observed, noise: f64([[epsilon]]), klWeight: f64(klWeight) }],
    );
  /** The mean over ε: the bound is quadratic in ε, of which ±1 have the moments that count. */
  const expectedBound = async (scale: number, variance: number): Promise<number> => {
    const [plus, minus] = [await boundOf(scale, variance, 1), await boundOf(scale, variance, -1)];
    return (plus.elbo.data[0]! + minus.elbo.data[0]!) / 2;
  };

  it('is that of a linear Gaussian model, derived by hand', async () => {
    const [scale, variance] = [0.21, 0.3];
    const mean = scale * statistic;
    const likelihood = gains.reduce((sum, g, k) => {
      const error = ((x[k]! - g * mean) ** 2 + g * g * variance) / sigma ** 2;
      return sum + seen[k]! * (-0.5 * error - Math.log(sigma) - 0.5 * Math.log(2 * Math.PI));
    }, 0);
    const kl = 0.5 * (variance + mean ** 2 - 1 - Math.log(variance));
    expect(Math.abs((await expectedBound(scale, variance)) - (likelihood - kl))).toBeLessThan(1e-8);
    const one = await boundOf(scale, variance, 0.5, 0.1);
    expectClose(one.kl.data, [kl], 1e-12);
    expectClose(one.elbo.data, [one.logLikelihood.data[0]! - 0.1 * kl], 1e-12);
  });

  it('touches the evidence at the true posterior, and lies below it elsewhere', async () => {
    // Precision of z₀ given x: 1 + Σ g²/σ². The evidence is N(x; 0, g·gᵀ + σ²·I), by the matrix determinant lemma.
    const variance = 1 / (1 + information / sigma ** 2);
    const scale = variance / sigma ** 2;
    const squares = x.reduce((sum, value, k) => sum + seen[k]! * value * value, 0);
    const evidence =
      -0.5 * (squares / sigma ** 2 - (scale * statistic * statistic) / sigma ** 2) +
      0.5 * Math.log(variance) -
      2 * (Math.log(sigma) + 0.5 * Math.log(2 * Math.PI));
    expect(Math.abs((await expectedBound(scale, variance)) - evidence)).toBeLessThan(1e-8);
    expect(await expectedBound(scale * 1.2, variance)).toBeLessThan(evidence - 1e-3);
    expect(await expectedBound(scale, variance * 1.5)).toBeLessThan(evidence - 1e-3);
  });
});
