import { OptionError, random, ShapeError, toNested, type HostArray, type Tensor, type TensorsOf } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { checkGradient, elements, expectClose, f64, noise, run } from '../../test/harness.ts';
import { rowsOf } from '../../test/plain.ts';
import { layerNorm } from './layer-norm.ts';
import type { NormParams } from './normalization.ts';

const layer = layerNorm(5, { dtype: 'f64' });
type P = TensorsOf<NormParams>;
const apply = (p: P, x: Tensor): Tensor => layer.apply(p, x);
const own = { weight: noise([5], 7), bias: noise([5], 8) };

const mean = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0) / xs.length;

function normalised(row: readonly number[], epsilon = 1e-5): number[] {
  const centre = mean(row);
  const variance = mean(row.map((v) => (v - centre) ** 2));
  return row.map((v) => (v - centre) / Math.sqrt(variance + epsilon));
}

interface Case {
  readonly params: NormParams;
  readonly x: HostArray;
}

describe('layerNorm', () => {
  it('is (x − µ) / √(σ² + ε) ⊙ weight + bias along the last axis', async () => {
    const x = noise([4, 5], 1);
    const expected = rowsOf(x).flatMap((row) =>
      normalised(row).map((v, i) => v * own.weight.data[i]! + own.bias.data[i]!),
    );
    expectClose(await elements(apply, own, x), expected, 1e-14);
  });

  it('starts with ones and zeros: mean 0 and variance 1 / (1 + ε/σ²) for each sample', async () => {
    const fresh = layer.init(random(0));
    expect([toNested(fresh.weight!), toNested(fresh.bias!)]).toEqual([
      [1, 1, 1, 1, 1],
      [0, 0, 0, 0, 0],
    ]);
    const y = await elements(apply, fresh, f64([1, 2, 3, 4, 10])); // variance 10
    expectClose([mean(y), mean(y.map((v) => v * v))], [0, 10 / (10 + 1e-5)], 1e-14);
  });

  it('does not depend on the scale and the offset of a sample, but for ε', async () => {
    const exact = layerNorm(5, { epsilon: 1e-30, dtype: 'f64' });
    const f = (p: P, x: Tensor): Tensor => exact.apply(p, x);
    const x = noise([3, 5]);
    const moved = (p: P, y: Tensor): Tensor => exact.apply(p, y.mul(7).add(3));
    // The offset rounds the elements to about 1e-15 of their size.
    expectClose(await elements(moved, own, x), await elements(f, own, x), 1e-13);
  });

  it('gives the bias, and no NaN, where all features are equal', async () => {
    expect(await elements(apply, own, f64([4, 4, 4, 4, 4]))).toEqual(Array.from(own.bias.data));
  });

  it('leaves out its parameters when asked', async () => {
    expect(Object.keys(layerNorm(5, { bias: false }).init(random(0)))).toEqual(['weight']);
    const plain = layerNorm(5, { scale: false, bias: false, epsilon: 0.5, dtype: 'f64' });
    expect(plain.init(random(0))).toEqual({});
    const x = [1, 2, 3, 4, 10];
    expectClose(await elements((y: Tensor) => plain.apply({}, y), f64(x)), normalised(x, 0.5), 1e-14);
  });

  it.each([[[5]], [[2, 3, 5]]])('has the gradient of central differences for x %j', async (shape) => {
    await checkGradient(({ params, x }: TensorsOf<Case>) => layer.apply(params, x).sin().sum(), {
      params: own,
      x: noise(shape, 2),
    });
  });

  it('refuses what does not fit', async () => {
    expect(() => layerNorm(0)).toThrow('layerNorm: features is 0; expected an integer of at least 1.');
    expect(() => layerNorm(2, { epsilon: 0 })).toThrow(OptionError);
    expect(() => layerNorm(2, { epsilon: 0 })).toThrow('layerNorm: epsilon is 0; expected a finite positive number.');
    const result = run(apply, own, noise([2, 4]));
    await expect(result).rejects.toThrow(ShapeError);
    await expect(result).rejects.toThrow('layerNorm: an input f64[2,4]; expected a last axis of 5.');
  });
});
