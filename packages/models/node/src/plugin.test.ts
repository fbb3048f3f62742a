import { reference } from '@node-ode/backend-reference';
import {
  array,
  constant,
  createOde,
  OptionError,
  random,
  type HostArray,
  type ObservedSeries,
  type Tensor,
} from '@node-ode/core';
import { linear, type LinearParams } from '@node-ode/nn';
import { dopri5 } from '@node-ode/solver-dopri5';
import { describe, expect, it } from 'vitest';
import { autonomous } from './dynamics.ts';
import { forecaster } from './forecaster.ts';
import { nodeModel } from './plugin.ts';

const ode = createOde({ backend: reference(), solver: dopri5(), rtol: 1e-10, atol: 1e-12, dtype: 'f64' });
const f64 = (values: readonly number[], shape: readonly number[]): HostArray =>
  array([...values], { dtype: 'f64', shape: [...shape] });

/** dy/dt = −y, whose solutions are known. */
const decay = forecaster<LinearParams>({ name: 'decay', ode, dynamics: autonomous(linear(1, 1, { dtype: 'f64' })) });
const params = { weight: f64([-1], [1, 1]), bias: f64([0], [1]) };
const context = { noise: undefined, step: constant(0, [], 'f64') };
const lossOf = async (t: HostArray, y: HostArray, mask: HostArray): Promise<number> => {
  const loss = ode.compile((p: { weight: Tensor; bias: Tensor }, series: ObservedSeries) =>
    decay.loss(p, series, context),
  );
  return (await (await loss(params, { t, y, mask })).read()).data[0] as number;
};

describe('forecaster', () => {
  it('has the mean squared error of what is observed', async () => {
    const t = f64([0, 1, 2], [3]);
    const y = f64([1, Math.exp(-1) + 0.5, NaN, 2, 2 * Math.exp(-1), 2 * Math.exp(-2) - 0.25], [2, 3, 1]);
    const mask = f64([1, 1, 0, 1, 1, 1], [2, 3, 1]);
    expect(await lossOf(t, y, mask)).toBeCloseTo((0.5 ** 2 + 0.25 ** 2) / 5, 9);
  });

  it('takes times of their own', async () => {
    const t = f64([0, 1, 0, 3], [2, 2]);
    const y = f64([1, Math.exp(-1), 1, Math.exp(-3)], [2, 2, 1]);
    expect(await lossOf(t, y, f64([1, 1, 1, 1], [2, 2, 1]))).toBeCloseTo(0, 12);
  });

  it('goes on from the last observation', async () => {
    const run = ode.compile((p: { weight: Tensor; bias: Tensor }, series: ObservedSeries, ts: Tensor) =>
      decay.forecast(p, series, ts),
    );
    const observed = { t: f64([0, 4], [2]), y: f64([9, 3], [1, 2, 1]), mask: f64([1, 1], [1, 2, 1]) };
    const { shape, data } = await (await run(params, observed, f64([5, 7], [2]))).read();
    expect(shape).toEqual([1, 2, 1]);
    expect(data[0]).toBeCloseTo(3 * Math.exp(-1), 9);
    expect(data[1]).toBeCloseTo(3 * Math.exp(-3), 9);
  });
});

describe('nodeModel', () => {
  const setup = { ode, dtype: 'f64' } as const;

  it('makes models of the sizes that it is told', () => {
    const { makes } = nodeModel({ width: 4, hidden: [3, 5] });
    const table = makes.classification?.({ ...setup, features: 7, outputs: 2 });
    expect(table?.init(random(0))).toMatchObject({
      stem: [{ weight: { shape: [7, 4] } }],
      head: { weight: { shape: [4, 2] } },
    });
    const series = makes.forecast?.({ ...setup, dimensions: 2 });
    expect(series?.init(random(0))).toMatchObject([
      { weight: { shape: [2, 3] } },
      { weight: { shape: [3, 5] } },
      { weight: { shape: [5, 2] } },
    ]);
  });

  it('refuses options that are not known or out of range', () => {
    const misspelt: object = { wdith: 4 };
    expect(() => nodeModel(misspelt)).toThrow(OptionError);
    expect(() => nodeModel(misspelt)).toThrow('expected width, hidden, activation, t1');
    expect(() => nodeModel({ hidden: 0 }).makes.forecast?.({ ...setup, dimensions: 2 })).toThrow(
      'nodeModel: hidden is 0',
    );
  });
});
