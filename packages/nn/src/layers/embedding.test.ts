import {
  array,
  asTensor,
  DTypeError,
  ExecutionError,
  OptionError,
  random,
  valueAndGrad,
  type NestedArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { checkGradient, f64, noise, run } from '../../test/harness.ts';
import { full } from '../initializers/initializer.ts';
import { embedding, type EmbeddingParams } from './embedding.ts';

const layer = embedding(4, 2, { dtype: 'f64' });
type P = TensorsOf<EmbeddingParams>;
const apply = (p: P, indices: Tensor): Tensor => layer.apply(p, indices);
const i32 = (nested: number[] | number[][]) => array(nested, { dtype: 'i32' });
const params = {
  weight: f64([
    [0, 1],
    [10, 11],
    [20, 21],
    [30, 31],
  ]),
};

describe('embedding', () => {
  it('is the row of each index', async () => {
    expect(await run(apply, params, i32([3, 0, 3]))).toEqual([
      [30, 31],
      [0, 1],
      [30, 31],
    ]);
    expect(await run(apply, params, array(2, { dtype: 'i32' }))).toEqual([20, 21]);
    expect(await run(apply, params, i32([[1], [2]]))).toEqual([[[10, 11]], [[20, 21]]]);
  });

  it('starts standard normal', () => {
    const { weight } = embedding(100, 50).init(random(0));
    expect([weight.shape, weight.dtype]).toEqual([[100, 50], 'f32']);
    const data = Array.from(weight.data);
    const average = data.reduce((a, b) => a + b, 0) / data.length;
    const variance = data.reduce((a, b) => a + (b - average) ** 2, 0) / data.length;
    // Of 5000 numbers: four standard errors, 4/√5000 and 4·√(2/5000).
    expect(Math.abs(average)).toBeLessThan(0.057);
    expect(Math.abs(variance - 1)).toBeLessThan(0.08);
    expect(Array.from(embedding(1, 2, { weightInit: full(3) }).init(random(0)).weight.data)).toEqual([3, 3]);
  });

  it('has a gradient that adds up over equal indices and is zero for absent ones', async () => {
    const gradient = (p: P, indices: Tensor): Tensor =>
      valueAndGrad((q: P) => layer.apply(q, indices).sum())(p).grad.weight;
    expect(await run(gradient, params, i32([3, 0, 3]))).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
      [2, 2],
    ]);
    const indices = i32([2, 1, 2]);
    await checkGradient((p: P) => layer.apply(p, asTensor(indices)).sin().sum(), {
      weight: noise([4, 2]),
    });
  });

  it('refuses what does not fit', async () => {
    expect(() => embedding(0, 2)).toThrow(OptionError);
    expect(() => embedding(0, 2)).toThrow('embedding: count is 0; expected an integer of at least 1.');
    expect(() => embedding(2, -1)).toThrow('embedding: features is -1');
    const floats = run(apply, params, f64([1]));
    await expect(floats).rejects.toThrow(DTypeError);
    await expect(floats).rejects.toThrow('embedding: indices f64[1]; expected i32.');
  });

  it.each([-1, 4])('gives an error or NaN for the index %d, as the engine has it', async (outside) => {
    const rows = await run(apply, params, i32([0, outside])).catch((error: unknown) => error);
    if (rows instanceof Error) expect(rows).toBeInstanceOf(ExecutionError);
    else expect((rows as NestedArray[])[1]).toEqual([NaN, NaN]);
  });
});
