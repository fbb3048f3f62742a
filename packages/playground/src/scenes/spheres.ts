/** A disc and the ring around it: a Neural ODE beside an augmented one (Dupont, Doucet and Teh 2019). */
import { random, type Tensor } from '@node-ode/core';
import { spheres as concentric } from '@node-ode/datasets';
import { anode, type AnodeParams } from '@node-ode/model-anode';
import { mse } from '@node-ode/nn';
import { atTimes, evenly, gridCells, gridNodes, leading, padded, pointsArray } from './grid.ts';
import { learner, type Params } from './learner.ts';
import type { PanelPicture } from './picture.ts';
import type { Prepare, SceneParts } from './scene.ts';
import { rings } from './spans.ts';
import { trainer } from './trainer.ts';

const [cells, side, shown, moments, fieldTimes] = [36, 15, 220, 25, 6];
const batchSize = 64;
const data = concentric({ train: 600, test: shown });

interface Points {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** A model of `extra` dimensions more, and what it shows. */
function modelWith({ ode, settings, seed }: SceneParts, extra: number) {
  const dimensions = 2 + extra;
  const model = anode({ ode, features: 2, extra, outputs: 1, hidden: 24, activation: 'tanh' });
  const own = learner({
    ode,
    learningRate: settings.learningRate,
    params: model.init(random(seed)) as AnodeParams,
    loss: (params, { x, y }: Points) => mse(model.apply(params, x), y),
  });
  const nan = { onFailure: 'nan' } as const;
  const ways = evenly(0, 1, moments);
  const asked = own.question((params, inputs: Tensor, points: Tensor, t: Tensor, nodes: Tensor) => [
    model.head(params, model.solve(params, inputs, [0, 1], nan).ys.at(-1)),
    model.solve(params, points, ways, nan).ys,
    model.field(params, t, nodes),
  ]);
  const { x: points, y: labels } = data.all('test');
  const inputs = pointsArray(gridCells(rings.inputs, cells));
  const nodes = atTimes(padded(gridNodes(rings.flow, side), 2, dimensions), evenly(0, 1, fieldTimes), dimensions);
  const groups = Uint8Array.from(labels.data, (label) => (label > 0 ? 1 : 0));
  const look = async (params: Params): Promise<{ decision: PanelPicture; flow: PanelPicture }> => {
    const [decided, flow, field] = await asked.ask(params, inputs, points, nodes.t, nodes.x);
    const height = extra === 0 ? 2 : 3;
    return {
      decision: {
        map: { kind: 'decision', side: cells, data: Float32Array.from(decided?.data ?? []) },
        dots: { data: Float32Array.from(points.data), groups: groups.slice() },
      },
      flow: {
        ...(extra === 0 && {
          field: { side, times: fieldTimes, data: leading(field?.data ?? [], dimensions, 2) },
        }),
        flow: {
          points: shown,
          times: moments,
          dimensions: height,
          data: leading(flow?.data ?? [], dimensions, height),
          groups: groups.slice(),
        },
      },
    };
  };
  return { own, look };
}

/** Both models, on the same batches. */
export const spheres: Prepare = (parts) => {
  const [plain, augmented] = [modelWith(parts, 0), modelWith(parts, parts.settings.augment)];
  return trainer({
    learners: [plain.own, augmented.own],
    draw: (rng) => data.draw(rng, batchSize),
    view: async ([first = [], second = []]) => {
      const [a, b] = [await plain.look(first), await augmented.look(second)];
      return {
        'node-flow': a.flow,
        'anode-flow': b.flow,
        'node-decision': a.decision,
        'anode-decision': b.decision,
      };
    },
  });
};
