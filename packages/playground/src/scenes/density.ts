/** A continuous normalizing flow, fitted to points that the visitor draws. */
import { OptionError, random, type Random, type Tensor } from '@node-ode/core';
import { cnf, concatSquashMlp, type FlowBatch } from '@node-ode/model-cnf';
import { normal } from '@node-ode/nn';
import { atTimes, evenly, gridCells, gridNodes, leading, padded, pointsArray } from './grid.ts';
import { learner } from './learner.ts';
import type { Prepare } from './scene.ts';
import { sheet } from './spans.ts';
import { trainer } from './trainer.ts';

const [cells, side, shown, moments, fieldTimes] = [40, 17, 320, 25, 6];
const batchSize = 128;
/** What a drawn point is blurred by: a density on points alone would have no bound. */
const blur = 0.08;

/** `count` of the points, blurred. */
function some(points: Float32Array, rng: Random, count: number): Float32Array {
  const rows = points.length / 2;
  if (rows === 0) {
    throw new OptionError('playground', 'there are no points to learn from', {
      expected: 'at least one',
      advice: 'Draw some in the left picture, or begin from two moons.',
    });
  }
  const out = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const row = rng.integer(rows);
    out[2 * i] = (points[2 * row] ?? 0) + blur * rng.normal();
    out[2 * i + 1] = (points[2 * row + 1] ?? 0) + blur * rng.normal();
  }
  return out;
}

/** The flow, by maximum likelihood. */
export const density: Prepare = ({ ode, settings, seed, points }) => {
  const extra = settings.augment;
  const dimensions = 2 + extra;
  const field = concatSquashMlp({ sizes: [dimensions, 32, 32, dimensions], activation: 'tanh' });
  const flow = cnf({ dimension: 2, augment: extra, field, ode });
  const quiet = cnf({ dimension: 2, augment: extra, field, ode, solve: { onFailure: 'nan' } });
  const model = learner({
    ode,
    learningRate: settings.learningRate,
    params: flow.init(random(seed)),
    loss: (params, batch: FlowBatch) => flow.loss(params, batch),
  });
  const ways = evenly(0, 1, moments);
  const own = random(seed + 1);
  const base = normal()(own, [shown, dimensions], 'f32');
  const inCells = pointsArray(gridCells(sheet, cells));
  const noise = flow.noise(own, cells * cells);
  const nodes = atTimes(padded(gridNodes(sheet, side), 2, dimensions), evenly(0, 1, fieldTimes), dimensions);
  const asked = model.question((params, z: Tensor, t: Tensor, h: Tensor) => [
    quiet.trajectory(params, z, ways).z,
    field.apply(params, t, h),
  ]);
  const densities =
    noise.augment === undefined
      ? model.question((params, x: Tensor, _none: Tensor) => [quiet.logProb(params, { x }).exp()])
      : model.question((params, x: Tensor, augment: Tensor) => [quiet.logProb(params, { x, augment }).exp()]);
  return trainer({
    learners: [model],
    draw: (rng) => ({ x: pointsArray(some(points(), rng, batchSize)), ...flow.noise(rng, batchSize) }),
    view: async ([params = []]) => {
      const [moved, velocities] = await asked.ask(params, base, nodes.t, nodes.x);
      const [density] = await densities.ask(params, inCells, noise.augment ?? inCells);
      return {
        density: {
          map: { kind: 'density', side: cells, data: Float32Array.from(density?.data ?? []) },
          dots: { data: points().slice() },
        },
        flow: {
          field: { side, times: fieldTimes, data: leading(velocities?.data ?? [], dimensions, 2) },
          flow: { points: shown, times: moments, dimensions: 2, data: leading(moved?.data ?? [], dimensions, 2) },
        },
      };
    },
  });
};
