import { reference } from '@node-ode/backend-reference';
import { spheres } from '@node-ode/datasets';
import { fit } from '@node-ode/train';
import { describe, expect, it } from 'vitest';
import type { Lab } from '../lab/index.ts';
import { modelNames, pointModel } from './point-models.ts';
import { meanSquaredError, odeFor, outputsAt, statesAt, trainPoints } from './train-points.ts';

/** A lab that trains and keeps nothing. */
const lab: Lab = {
  quick: true,
  seeds: [0],
  backend: reference(),
  engine: { name: 'reference', threads: 1 },
  open: () => Promise.resolve(reference()),
  data: {},
  signal: new AbortController().signal,
  log: () => undefined,
  train: (_id, options) => fit(options),
  once: async (_id, compute) => compute(),
  isDone: () => false,
};

describe.each(modelNames)('%s', (name) => {
  it('is trained epoch by epoch, and asked afterwards', async () => {
    const ode = odeFor(lab, 1e-3);
    const model = pointModel(name, ode, { features: 2, hidden: 8, outputs: 1, extra: 2, blocks: 3 });
    const dataset = spheres({ train: 40, test: 10 });
    const training = { dataset, seed: 1, epochs: 6, batchSize: 16, learningRate: 0.02, loss: 'mse' } as const;
    const { curves, params } = await trainPoints(lab, 'test', model, ode, { ...training, validate: true });
    expect([curves.loss.length, curves.nfe.length, curves.validation.length]).toEqual([6, 6, 6]);
    expect(curves.loss.at(-1)).toBeLessThan(curves.loss[0]!);
    expect(curves.nfe[0]! > 0).toBe(model.isFlow);
    expect(params.reduce((sum, { data }) => sum + data.length, 0)).toBe(model.parameters);

    const test = dataset.all('test');
    const outputs = await outputsAt(ode, model, params, test.x);
    const error = outputs.reduce((sum, value, i) => sum + (value - test.y.data[i]!) ** 2, 0) / 10;
    expect(await meanSquaredError(ode, model, params, test)).toBe(error);
    // the same loss that validation saw after the last epoch, by an f32 sum
    expect(curves.validation.at(-1)).toBeCloseTo(error, 5);
    const states = await statesAt(ode, model, params, test.x);
    expect(states.length).toBe(model.times.length);
    expect(states[0]!.map((point) => point.slice(0, 2))).toEqual(
      Array.from({ length: 10 }, (_, i) => [test.x.data[2 * i], test.x.data[2 * i + 1]]),
    );
  });
});
