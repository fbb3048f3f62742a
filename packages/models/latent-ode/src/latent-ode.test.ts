import { reference } from '@node-ode/backend-reference';
import {
  array,
  asTensor,
  asTensors,
  createOde,
  matmul,
  OptionError,
  random,
  ShapeError,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import { gruCell, linear, mlp } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { euler } from '@node-ode/solver-euler';
import { describe, expect, it } from 'vitest';
import { checkGradient, expectClose, f64, noise, run, someSeries, type HostSeries } from '../test/harness.ts';
import { klAnnealing } from './kl-annealing.ts';
import { latentOde, type LatentOdeBatch, type LatentOdeParams } from './latent-ode.ts';
import { odeRnnEncoder } from './ode-rnn-encoder.ts';
import { recurrentEncoder } from './recurrent-encoder.ts';
import type { SeriesBatch } from './series.ts';

const dtype = 'f64';
const backend = reference();
const ode = createOde({ backend, solver: dopri5(), rtol: 1e-10, atol: 1e-12, dtype });

const encoder = recurrentEncoder({ dimensions: 2, hidden: 4, cell: gruCell, dtype });
const model = latentOde({
  encoder,
  latent: 3,
  dynamics: mlp({ sizes: [3, 5, 3], dtype }),
  decoder: mlp({ sizes: [3, 4, 2], dtype }),
  sigma: [0.5, 0.8],
  ode,
  dtype,
});
const params = model.init(random(2));
const decode = (z0: HostArray, ts: HostArray | readonly number[]): Promise<HostArray> =>
  run((z: Tensor) => model.decode(asTensors(params), z, ts), [z0]);

describe('trajectories', () => {
  const z0 = noise([2, 3], 4);

  it('go on into the future, and back into the past to where they came from', async () => {
    const states = (ts: readonly number[], z: HostArray): Promise<HostArray> =>
      run((start: Tensor) => model.trajectory(asTensors(params), start, ts).ys, [z]);
    const future = await states([0.5, 1, 2.5], z0);
    expect(future.shape).toEqual([3, 2, 3]);
    expect(Array.from(future.data.slice(0, 6))).toEqual(Array.from(z0.data));
    const last = array(future.data.slice(12), { shape: [2, 3], dtype });
    const past = await states([2.5, 1, 0.5, -1], last);
    expectClose(past.data.slice(6, 12), future.data.slice(6, 12), 1e-8);
    expectClose(past.data.slice(12, 18), z0.data, 1e-8);
    // … and beyond it, as a solve from there does
    expectClose(past.data.slice(18), (await states([0.5, -1], z0)).data.slice(6), 1e-8);
  });

  it('are decoded samples first', async () => {
    const ys = await decode(z0, [0, 0.5, 2]);
    expect(ys.shape).toEqual([2, 3, 2]);
    const byHand = await run(
      (p: TensorsOf<typeof params>, z: Tensor) =>
        p.decoder.reduce((h, { weight, bias }, i) => {
          const next = matmul(h, weight).add(bias!);
          return i === 0 ? next.tanh() : next;
        }, z),
      [params, z0],
    );
    expectClose([...ys.data.slice(0, 2), ...ys.data.slice(6, 8)], byHand.data, 1e-12);
  });

  it('take times of each series alone', async () => {
    const [first, second] = [
      [0, 0.4, 0.9],
      [2, 3, 3.5],
    ];
    const both = await decode(z0, f64([first!, second!]));
    const alone = async (ts: readonly number[], i: number): Promise<HostArray> =>
      decode(array(z0.data.slice(3 * i, 3 * i + 3), { shape: [1, 3], dtype }), ts);
    expectClose(both.data.slice(0, 6), (await alone(first!, 0)).data, 1e-8);
    expectClose(both.data.slice(6), (await alone(second!, 1)).data, 1e-8);
  });
});

describe('a batch', () => {
  const series = someSeries(3, 5);
  const epsilon = noise([3, 3], 9);
  const bound = (batch: { observed: HostSeries; target?: HostSeries; noise: HostArray }) =>
    run((b: LatentOdeBatch) => model.elbo(asTensors(params), b), [batch]);

  it('gives bounds of each series, and their mean less the divergence', async () => {
    const { elbo, logLikelihood, kl, predicted } = await bound({ observed: series, noise: epsilon });
    expect([elbo.shape, logLikelihood.shape, kl.shape, predicted.shape]).toEqual([[], [3], [3], [3, 5, 2]]);
    const mean = [0, 1, 2].reduce((sum, i) => sum + (logLikelihood.data[i]! - kl.data[i]!) / 3, 0);
    expectClose(elbo.data, [mean], 1e-12);
    const loss = await run(
      (b: LatentOdeBatch) => model.loss(asTensors(params), b),
      [{ observed: series, noise: epsilon }],
    );
    expectClose(loss.data, [-mean], 1e-12);
    const applied = await run(
      (b: LatentOdeBatch) => model.apply(asTensors(params), b),
      [{ observed: series, noise: epsilon }],
    );
    expect(applied.data).toEqual(predicted.data);
  });

  it('has no say where nothing is observed, in times and values', async () => {
    const before = await bound({ observed: series, noise: epsilon });
    const y = array(
      Array.from(series.y.data, (v, i) => (series.mask.data[i] === 1 ? v : NaN)),
      { shape: series.y.shape, dtype },
    );
    expect((await bound({ observed: { ...series, y }, noise: epsilon })).elbo.data).toEqual(before.elbo.data);
    const grow = (x: HostArray): HostArray =>
      array(
        [0, 1, 2].flatMap((i) => [...x.data.slice(10 * i, 10 * i + 10), 0, 0, 0, 0]),
        { shape: [3, 7, 2], dtype },
      );
    const last = series.t.data.at(-1)!;
    const longer = { t: f64([...series.t.data, last + 0.5, last + 1]), y: grow(series.y), mask: grow(series.mask) };
    // Further times are further steps of a solve with a tolerance of 1e-10.
    expectClose((await bound({ observed: longer, noise: epsilon })).elbo.data, before.elbo.data, 1e-7);
  });

  it('takes times of each series, as one for all', async () => {
    const before = await bound({ observed: series, noise: epsilon });
    const t = f64([0, 1, 2].map(() => Array.from(series.t.data)));
    expectClose((await bound({ observed: { ...series, t }, noise: epsilon })).elbo.data, before.elbo.data, 1e-7);
    // One series later by 1, with its times: nothing depends on when a series begins.
    const later = f64([0, 1, 0].map((shift) => Array.from(series.t.data, (time) => time + shift)));
    expectClose((await bound({ observed: { ...series, t: later }, noise: epsilon })).elbo.data, before.elbo.data, 1e-7);
  });

  it('may have a target at other times, from whose first the state is inferred', async () => {
    const target = someSeries(3, 4, { seed: 5 });
    const { predicted, kl } = await bound({ observed: series, target, noise: epsilon });
    expect(predicted.shape).toEqual([3, 4, 2]);
    const own = await run(
      (s: SeriesBatch, t0: Tensor) => model.encode(asTensors(params), s, t0),
      [series, f64(target.t.data[0]!)],
    );
    const expected = own.mean.data.map(
      (m, i) => 0.5 * (Math.exp(own.logVariance.data[i]!) + m * m - 1 - own.logVariance.data[i]!),
    );
    expectClose(
      kl.data,
      [0, 1, 2].map((i) => expected[3 * i]! + expected[3 * i + 1]! + expected[3 * i + 2]!),
      1e-12,
    );
  });
});

describe('gradients', () => {
  const check = <P, D, O>(
    of: {
      init(r: ReturnType<typeof random>): LatentOdeParams<P, D, O>;
      loss(p: TensorsOf<LatentOdeParams<P, D, O>>, b: LatentOdeBatch): Tensor;
    },
    { t, y, mask }: HostSeries,
    tolerance: number,
  ): Promise<void> =>
    checkGradient(
      (p: TensorsOf<LatentOdeParams<P, D, O>>) =>
        of.loss(p, {
          observed: { t: asTensor(t), y: asTensor(y), mask: asTensor(mask) },
          noise: asTensor(noise([2, 3], 6)),
        }),
      of.init(random(8)),
      { tolerance },
    );
  const series = someSeries(2, 4, { seed: 3 });

  it.each([
    ['backprop', ode],
    ['adjoint', ode.with({ gradient: adjoint() })],
  ])('of the bound by %s are those of differences', async (_, by) => {
    // The solves have an error of about 1e-9, which differences over 3e-4 would show if steps were not the same.
    await check(latentOde({ ...parts(by), encoder }), series, 2e-7);
  });

  it('of the bound with an ODE-RNN are those of differences', async () => {
    const by = createOde({ backend, solver: euler(), h: 0.2, dtype });
    const dynamics = mlp({ sizes: [4, 3, 4], dtype });
    const recognition = odeRnnEncoder({ dimensions: 2, hidden: 4, cell: gruCell, dynamics, ode: by, dtype });
    await check(latentOde({ ...parts(by), encoder: recognition }), series, 1e-8);
  });

  it('of the bound with times of each series are those of differences', async () => {
    const t = f64([Array.from(series.t.data), Array.from(series.t.data, (time) => 1.5 * time)]);
    await check(latentOde({ ...parts(ode), encoder }), { ...series, t }, 2e-7);
  });
});

function parts(by: typeof ode) {
  return {
    latent: 3,
    dynamics: mlp({ sizes: [3, 5, 3], dtype }),
    decoder: linear(3, 2, { dtype }),
    sigma: 0.6,
    ode: by,
    dtype,
  } as const;
}

describe('the weight of the divergence', () => {
  it('is 0 while it waits, and goes to 1', async () => {
    const schedule = klAnnealing({ rate: 0.9, wait: 5 });
    const weights = await run((s: Tensor) => schedule(s), [array([0, 5, 6, 15, 500], { dtype: 'i32' })]);
    expectClose(weights.data, [0, 0, 0.1, 1 - 0.9 ** 10, 1], 1e-6);
    expect(() => klAnnealing({ rate: 1 })).toThrow(OptionError);
    expect(() => klAnnealing({ wait: -1 })).toThrow('klAnnealing: rate 0.99, wait -1; expected');
  });
});

describe('what does not fit', () => {
  it('is refused with the reason', async () => {
    expect(() => latentOde({ ...parts(ode), encoder, latent: 0 })).toThrow('latentOde: latent is 0');
    expect(() => latentOde({ ...parts(ode), encoder, sigma: [1] })).toThrow(OptionError);
    const series = someSeries(3, 5);
    const bound = (batch: { observed: HostSeries; noise: HostArray }) =>
      run((b: LatentOdeBatch) => model.loss(asTensors(params), b), [batch]);
    await expect(bound({ observed: series, noise: noise([3, 2]) })).rejects.toThrow(
      'sampleGaussian: noise f64[3,2]; expected the shape of the mean f64[3,3].',
    );
    await expect(bound({ observed: { ...series, t: f64([1]) }, noise: noise([3, 3]) })).rejects.toThrow(ShapeError);
    await expect(decode(noise([3, 4]), [0, 1])).rejects.toThrow('a latent state f64[3,4]; expected [samples, 3].');
    await expect(decode(noise([3, 3]), [0, 0])).rejects.toThrow(OptionError);
    const wide = latentOde({ ...parts(ode), encoder, decoder: linear(3, 5, { dtype }) });
    const p = wide.init(random(0));
    await expect(run((z: Tensor) => wide.decode(asTensors(p), z, [0, 1]), [noise([2, 3])])).rejects.toThrow(
      'latentOde: a decoder that gives f64[2,2,5]; expected 2 features',
    );
  });

  it('has parameters from a seed', () => {
    expect(model.init(random(2))).toEqual(params);
    expect(model.init(random(3))).not.toEqual(params);
  });
});
