/** A latent ODE that continues spirals of which it sees a few noisy points (Chen et al. 2018, section 5). */
import { asTensor, random, type Tensor } from '@node-ode/core';
import { bidirectionalSpirals } from '@node-ode/datasets';
import { klAnnealing, latentOde, recurrentEncoder, type SeriesBatch } from '@node-ode/model-latent-ode';
import { gruCell, mlp, normal } from '@node-ode/nn';
import { evenly, gridNodes, leading, padded, pointsArray } from './grid.ts';
import { piecesOf } from './latent/series.ts';
import { learner } from './learner.ts';
import type { CurveLayer } from './picture.ts';
import type { Prepare } from './scene.ts';
import { series } from './spans.ts';
import { trainer } from './trainer.ts';

const [points, observed, batchSize, shown, particles] = [100, 16, 24, 4, 140];
const [side, moments] = [15, 81];
/** Of the observations, as the model has it: the noise is 0.3 in the data's own units, a quarter of that here. */
const sigma = 0.1;
// Room for 150 points after a piece keeps the wide end of clockwise spirals out; 100 of them are looked at.
const generator = bidirectionalSpirals({ points, observed, future: 150, noise: 0.3, train: 300, test: shown, seed: 2 });
const pieces = piecesOf(generator.all('train'));
const examples = piecesOf(generator.all('test'));

interface Batch {
  readonly observed: SeriesBatch;
  readonly target: SeriesBatch;
  readonly noise: Tensor;
}

/** The latent ODE, by the evidence lower bound. */
export const latent: Prepare = ({ ode, settings, seed }) => {
  const size = 2 + settings.augment;
  const dynamics = mlp({ sizes: [size, 20, size], activation: 'tanh' });
  const model = latentOde({
    encoder: recurrentEncoder({ dimensions: 2, hidden: 24, cell: gruCell }),
    latent: size,
    dynamics,
    decoder: mlp({ sizes: [size, 20, 2], activation: 'tanh' }),
    sigma,
    ode,
  });
  const klWeight = klAnnealing({ rate: 0.99 });
  const own = learner({
    ode,
    learningRate: settings.learningRate,
    params: model.init(random(seed)),
    loss: (params, batch: Batch, step) => model.loss(params, { ...batch, klWeight: klWeight(step) }),
  });
  const ways = evenly(0, series.end, moments);
  const nan = { onFailure: 'nan' } as const;
  const asked = own.question((params, t: Tensor, y: Tensor, mask: Tensor, prior: Tensor, nodes: Tensor) => {
    const z0 = model.encode(params, { t, y, mask }, asTensor(pieces.grid.t).at(0)).mean;
    return [
      model.decode(params, z0, ways, nan).transpose([1, 0, 2]),
      model.trajectory(params, z0, ways, nan).ys,
      model.trajectory(params, prior, ways, nan).ys,
      dynamics.apply(params.dynamics, nodes),
    ];
  });
  const prior = normal()(random(seed + 1), [particles, size], 'f32');
  const nodes = pointsArray(padded(gridNodes(series.latent, side), 2, size), size);
  const dots = observedDots();
  const truths = truthCurves();
  return trainer({
    learners: [own],
    draw: (rng) => {
      const { observed: seen, grid } = pieces.some(rng.shuffle(pieces.count).subarray(0, batchSize));
      return { observed: seen, target: grid, noise: normal()(rng, [batchSize, size], 'f32') };
    },
    view: async ([params = []]) => {
      const { t, y, mask } = examples.observed;
      const [decoded, states, drift, field] = await asked.ask(params, t, y, mask, prior, nodes);
      const seen = Float32Array.from(decoded?.data ?? []);
      const paths = leading(states?.data ?? [], size, 2);
      return {
        data: {
          curves: [...truths(), ...halves(seen)],
          dots: { data: dots.slice() },
          markers: { points: shown, times: moments, dimensions: 2, data: seen },
        },
        latent: {
          field: { side, times: 1, data: leading(field?.data ?? [], size, 2) },
          curves: halves(paths),
          markers: { points: shown, times: moments, dimensions: 2, data: paths },
          flow: { points: particles, times: moments, dimensions: 2, data: leading(drift?.data ?? [], size, 2) },
        },
      };
    },
  });
};

/** Paths [times, shown, 2] as curves: over what was observed, and beyond. */
function halves(paths: Float32Array): CurveLayer[] {
  const middle = Math.floor(moments / 2);
  const path = (i: number, from: number, to: number): Float32Array =>
    Float32Array.from(
      { length: 2 * (to - from) },
      (_, k) => paths[2 * ((from + (k >> 1)) * shown + i) + (k % 2)] ?? NaN,
    );
  return Array.from({ length: shown }, (_, i): CurveLayer[] => [
    { role: 'model', data: path(i, 0, middle + 1) },
    { role: 'beyond', data: path(i, middle, moments) },
  ]).flat();
}

const observedDots = (): Float32Array => Float32Array.from(examples.observed.y.data);

/** The true curves of the examples, over a piece and as long after it. */
function truthCurves(): () => CurveLayer[] {
  const { data, shape } = examples.truth;
  const all = 2 * (shape[1] ?? 0);
  return () =>
    Array.from({ length: shown }, (_, i) => ({
      role: 'truth',
      data: Float32Array.from(data.slice(i * all, i * all + 4 * points)),
    }));
}
