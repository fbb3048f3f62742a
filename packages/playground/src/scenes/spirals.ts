/** A trajectory that is fitted: the cubic spiral of torchdiffeq's ode_demo. */
import { array, random, type Tensor } from '@node-ode/core';
import { cubicSpiral } from '@node-ode/datasets';
import { appendZeros } from '@node-ode/model-anode';
import { autonomous, neuralOde, type NodeDynamics } from '@node-ode/model-node';
import { mlp, mse, type MlpParams } from '@node-ode/nn';
import { evenly, gridNodes, leading, padded, pointsArray } from './grid.ts';
import { learner } from './learner.ts';
import type { FlowLayer } from './picture.ts';
import type { Prepare } from './scene.ts';
import { spiral } from './spans.ts';
import { trainer } from './trainer.ts';

const { plane, end, horizon } = spiral;
/** Nodes of the field along each side, particles, and the times of their ways. */
const [side, particles, moments] = [19, 140, 41];
/** Points of a trajectory that is drawn: it begins fast. */
const resolution = 2001;
const windows = 24;

/** dh/dt = mlp(h³): the form of the demo, whose truth is linear in h³. */
function dynamicsOf(dimensions: number): NodeDynamics<MlpParams, Tensor> {
  const net = autonomous(mlp({ sizes: [dimensions, 32, dimensions], activation: 'tanh' }));
  return { init: net.init, apply: (params, t, h) => net.apply(params, t, h.mul(h).mul(h)) };
}

interface Windows {
  readonly y0: Tensor;
  readonly t: Tensor;
  readonly y: Tensor;
}

/** The spiral, from short windows of it. */
export const spirals: Prepare = ({ ode, settings, seed }) => {
  const dimensions = 2 + settings.augment;
  const data = cubicSpiral({ points: 500, batchTime: 10 });
  const block = neuralOde({ dynamics: dynamicsOf(dimensions), ode });
  const positions = (h: Tensor): Tensor =>
    h.slice(
      h.shape.map(() => 0),
      [...h.shape.slice(0, -1), 2],
    );
  const model = learner({
    ode,
    learningRate: settings.learningRate,
    params: block.init(random(seed)),
    loss: (params, { y0, t, y }: Windows) =>
      mse(positions(block.solve(params, appendZeros(y0, settings.augment, -1), t).ys), y),
  });
  const starts = random(seed + 1);
  const from = Float32Array.from({ length: 2 * particles }, () => plane.x[0] * (1 - 2 * starts.uniform()));
  const whole = evenly(0, end, resolution);
  const ways = evenly(0, horizon, moments);
  const nan = { onFailure: 'nan' } as const;
  const dynamics = dynamicsOf(dimensions);
  const asked = model.question((params, nodes: Tensor, points: Tensor, start: Tensor) => [
    dynamics.apply(params, nodes.mul(0).at(0).at(0), nodes),
    block.solve(params, points, ways, nan).ys,
    block.solve(params, start, whole, nan).ys,
  ]);
  const nodes = pointsArray(padded(gridNodes(plane, side), 2, dimensions), dimensions);
  const points = pointsArray(padded(from, 2, dimensions), dimensions);
  const start = array([[2, 0, ...new Array<number>(settings.augment).fill(0)]]);
  const drawn = cubicSpiral({ points: resolution }).trajectory;
  const truth = Float32Array.from(drawn.y.data);
  const truthInTime = inTime(Array.from(drawn.t.data), truth);
  return trainer({
    learners: [model],
    draw: (rng) => data.draw(rng, windows),
    view: async ([params = []]) => {
      const [field, flow, predicted] = await asked.ask(params, nodes, points, start);
      const model = leading(predicted?.data ?? [], dimensions, 2);
      return {
        plane: {
          field: { side, times: 1, data: leading(field?.data ?? [], dimensions, 2) },
          curves: [
            { role: 'truth', data: truth.slice() },
            { role: 'model', data: model },
          ],
          markers: one(model),
          flow: { points: particles, times: moments, dimensions: 2, data: leading(flow?.data ?? [], dimensions, 2) },
        },
        series: {
          markers: one(inTime(whole, model)),
          curves: [
            { role: 'truth', data: truthInTime.slice() },
            { role: 'model', data: inTime(whole, model) },
          ],
        },
      };
    },
  });
};

/** (t, y₁) of a trajectory [times, 2]. */
const inTime = (t: readonly number[], y: Float32Array): Float32Array =>
  Float32Array.from({ length: 2 * t.length }, (_, k) => (k % 2 === 0 ? t[k >> 1] : y[k - 1]) ?? NaN);

/** One point that moves along a curve. */
const one = (data: Float32Array): FlowLayer => ({ points: 1, times: resolution, dimensions: 2, data });
