/** Training: tiny problems are learned, and every engine takes the same steps. */
import { onnx } from '@node-ode/backend-onnx';
import { reference } from '@node-ode/backend-reference';
import { wasm } from '@node-ode/backend-wasm';
import {
  array,
  asTensors,
  createOde,
  flattenTree,
  isHostArray,
  pid,
  random,
  valueAndGrad,
  type Backend,
  type HostArray,
  type Ode,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { adjoint } from '@node-ode/gradient-adjoint';
import {
  adam,
  applyGradients,
  clipByGlobalNorm,
  gruCell,
  linear,
  mlp,
  normal,
  rnnCell,
  sgd,
  trainState,
  type Optimizer,
  type TrainState,
} from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { noise, someSeries, type HostSeries } from '../test/harness.ts';
import { gapRnn, type GapRnnBatch } from './gap-rnn.ts';
import { klAnnealing } from './kl-annealing.ts';
import { latentOde, type LatentOdeBatch } from './latent-ode.ts';
import { odeRnnEncoder } from './ode-rnn-encoder.ts';
import { recurrentEncoder } from './recurrent-encoder.ts';
import type { SeriesBatch } from './series.ts';

/** Damped turns, each from a start of its own, seen at some of 12 times. */
function turns(samples: number): { readonly series: HostSeries; readonly truth: HostArray } {
  const rng = random(21);
  const times = Array.from({ length: 12 }, (_, k) => 0.15 * k);
  const starts = Array.from({ length: samples }, () => 2 * Math.PI * rng.uniform());
  const truth = starts.map((phase) => times.map((t) => [Math.cos(phase + 2 * t), Math.sin(phase + 2 * t)]));
  const mask = truth.map((rows) => rows.map(() => (rng.uniform() < 0.5 ? [1, 1] : [0, 0])));
  const y = truth.map((rows) => rows.map((row) => row.map((v) => v + 0.05 * rng.normal())));
  return { series: { t: array(times), y: array(y), mask: array(mask) }, truth: array(truth) };
}

const sizes = { dimensions: 2, hidden: 8, cell: gruCell };
const parts = (ode: Ode) => ({
  latent: 3,
  dynamics: mlp({ sizes: [3, 12, 3] }),
  decoder: mlp({ sizes: [3, 12, 2] }),
  sigma: 0.2,
  ode,
});
const byRecurrent = (ode: Ode) => latentOde({ ...parts(ode), encoder: recurrentEncoder(sizes) });
const byOdeRnn = (ode: Ode) =>
  latentOde({ ...parts(ode), encoder: odeRnnEncoder({ ...sizes, dynamics: mlp({ sizes: [8, 8, 8] }), ode }) });

/** A step of training: the loss of parameters and batch, its gradient clipped, an update. */
const stepOf =
  <P, B>(optimizer: Optimizer, loss: (params: P, batch: B, step: Tensor) => Tensor) =>
  (state: TrainState<Tensor, P>, batch: B) => {
    const { value, grad } = valueAndGrad((p: P) => loss(p, batch, state.optimizer.step))(state.params);
    return { state: applyGradients(optimizer, state, clipByGlobalNorm(grad, 1)), loss: value };
  };

describe('a tiny problem is learned', () => {
  const { series, truth } = turns(16);

  it('by a latent ODE: where nothing was observed it is near the truth', async () => {
    const ode = createOde({ backend: await wasm(), solver: dopri5(), gradient: adjoint(), rtol: 1e-4, atol: 1e-5 });
    const model = byRecurrent(ode);
    const optimizer = adam({ learningRate: 2e-2 });
    const weight = klAnnealing({ rate: 0.98 });
    const params = model.init(random(0));
    type Params = TensorsOf<typeof params>;
    const step = ode.compile(
      stepOf(optimizer, (p: Params, batch: LatentOdeBatch, at) => model.loss(p, { ...batch, klWeight: weight(at) })),
    );
    const rng = random(5);
    const batch = () => ({ observed: series, noise: normal()(rng, [16, 3]) });
    let { state, loss } = await step(trainState(optimizer, params), batch());
    const [first = NaN] = (await loss.read()).data;
    for (let i = 1; i < 250; i++) ({ state, loss } = await step(state, batch()));
    const [last = NaN] = (await loss.read()).data;
    expect(last).toBeLessThan(0.1 * first);
    const mean = ode.compile((p: Params, s: SeriesBatch) => model.decode(p, model.encode(p, s).mean, s.t));
    const predicted = await (await mean(state.params, series)).read();
    const hidden = Array.from(series.mask.data, (m, i) => (m === 0 ? i : -1)).filter((i) => i >= 0);
    const rmse = Math.sqrt(hidden.reduce((s, i) => s + (predicted.data[i]! - truth.data[i]!) ** 2, 0) / hidden.length);
    expect(rmse).toBeLessThan(0.2); // 0.71 is what the mean of all gives
  });

  it('by the baseline: the next observation', async () => {
    const model = gapRnn({ dimensions: 2, hidden: 12, cell: gruCell, decoder: linear(12, 2), sigma: 0.2 });
    const ode = createOde({ backend: await wasm(), solver: dopri5() });
    const optimizer = adam({ learningRate: 1e-2 });
    const params = model.init(random(0));
    const step = ode.compile(stepOf(optimizer, (p: TensorsOf<typeof params>, b: GapRnnBatch) => model.loss(p, b)));
    let { state, loss } = await step(trainState(optimizer, params), { observed: series });
    const [first = NaN] = (await loss.read()).data;
    for (let i = 1; i < 150; i++) ({ state, loss } = await step(state, { observed: series }));
    expect((await loss.read()).data[0]).toBeLessThan(0.15 * first);
  });
});

describe('twenty steps of SGD are those of the reference engine to 1e-4', () => {
  const steps = 20;
  const optimizer = sgd({ learningRate: 0.02, momentum: 0.9 });
  // A first step of a given size: in f32 the error of the tiny one that would be chosen is rounding.
  const controller = pid({ rtol: 1e-4, atol: 1e-5, firstStep: 0.1 });
  const odeOf = (backend: Backend): Ode => createOde({ backend, solver: dopri5(), gradient: adjoint(), controller });
  const observed = someSeries(4, 4, { dtype: 'f32' });
  const each = {
    ...observed,
    t: array([0, 1, 2, 0].map((s) => Array.from(observed.t.data, (t) => t * (1 + s / 2)))),
  };
  const batch = { observed, noise: noise([4, 3], 1, 'f32') };

  /** The parameters after twenty steps. */
  async function trained<P>(ode: Ode, params: P, loss: (params: TensorsOf<P>) => Tensor): Promise<number[]> {
    const { leaves, structure } = flattenTree('trained', params, isHostArray);
    const step = ode.compile(
      stepOf(optimizer, (p: readonly Tensor[], _batch: readonly Tensor[]) =>
        loss(structure.rebuild(p) as TensorsOf<P>),
      ),
    );
    let { state } = await step(trainState(optimizer, leaves), []);
    for (let i = 1; i < steps; i++) ({ state } = await step(state, []));
    return (await Promise.all(state.params.map((leaf) => leaf.read()))).flatMap(({ data }) => Array.from(data));
  }

  const baseline = gapRnn({ dimensions: 2, hidden: 6, cell: rnnCell, decoder: linear(6, 2), sigma: 0.5 });
  const problems: readonly (readonly [string, (ode: Ode) => Promise<number[]>])[] = [
    [
      'a latent ODE with a GRU',
      (ode) => {
        const model = byRecurrent(ode);
        return trained(ode, model.init(random(1)), (p) => model.loss(p, asTensors(batch)));
      },
    ],
    [
      'a latent ODE with times of each series',
      (ode) => {
        const model = byRecurrent(ode);
        return trained(ode, model.init(random(1)), (p) => model.loss(p, asTensors({ ...batch, observed: each })));
      },
    ],
    [
      'a latent ODE with an ODE-RNN',
      (ode) => {
        const model = byOdeRnn(ode);
        return trained(ode, model.init(random(1)), (p) => model.loss(p, asTensors(batch)));
      },
    ],
    ['the baseline', (ode) => trained(ode, baseline.init(random(1)), (p) => baseline.loss(p, asTensors({ observed })))],
  ];

  it.each(problems)('%s', async (_, train) => {
    const expected = await train(odeOf(reference()));
    const largest = Math.max(...expected.map(Math.abs));
    for (const backend of [await wasm(), await onnx()]) {
      const actual = await train(odeOf(backend));
      const apart = Math.max(...actual.map((x, i) => Math.abs(x - expected[i]!)));
      expect(apart / largest, backend.name).toBeLessThan(1e-4);
    }
  });
});
