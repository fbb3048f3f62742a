/** The models of @node-ode/model-node. */
import { array, random, type TensorsOf } from '@node-ode/core';
import { neuralOde } from '@node-ode/model-node';
import { mse, timeMlp, type MlpParams } from '@node-ode/nn';
import type { Case } from './case.ts';
import { modelCase } from './models.ts';

/** A quarter turn of the plane by a block of its own. */
const block = modelCase('Neural ODE block', (ode) => {
  const turns = Array.from({ length: 8 }, (_, k) => [Math.cos((k * Math.PI) / 4), Math.sin((k * Math.PI) / 4)]);
  const model = neuralOde({ dynamics: timeMlp({ sizes: [2, 12, 2] }), ode });
  return {
    params: model.init(random(0)),
    batch: { x: array(turns), y: array([...turns.slice(2), ...turns.slice(0, 2)]) },
    loss: (params: TensorsOf<MlpParams>, { x, y }) => mse(model.apply(params, x), y),
  };
});

export const nodeModelCases: readonly Case[] = [block];
