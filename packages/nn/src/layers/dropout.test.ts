import {
  array,
  OptionError,
  random,
  ShapeError,
  valueAndGrad,
  type HostArray,
  type Tensor,
  type TensorsOf,
} from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { checkGradient, elements, f64, noise, run, runHost } from '../../test/harness.ts';
import { uniform } from '../initializers/initializer.ts';
import { dropout } from './dropout.ts';

interface Case {
  readonly x: HostArray;
  readonly noise: HostArray;
}

describe('dropout', () => {
  it('drops where the noise is below the rate, and scales the rest by 1 / (1 − rate)', async () => {
    const drop = (x: Tensor, drawn: Tensor): Tensor => dropout(x, drawn, 0.75);
    expect(await run(drop, f64([1, 2, 3, 4]), f64([0.74, 0.75, 0, 0.99]))).toEqual([0, 8, 0, 16]);
  });

  it('has rate ½ by default', async () => {
    expect(await run((x: Tensor, drawn: Tensor) => dropout(x, drawn), f64([1, 2]), f64([0.49, 0.5]))).toEqual([0, 4]);
  });

  it('at rate 0 gives x itself', async () => {
    const isSame = (x: Tensor, drawn: Tensor): Tensor => {
      expect(dropout(x, drawn, 0)).toBe(x);
      return x;
    };
    expect(await run(isSame, f64([1, NaN]), f64([0, 0.9]))).toEqual([1, NaN]);
  });

  it('drops a fraction `rate`, and keeps the mean', async () => {
    const n = 40_000;
    const rate = 0.3;
    const drawn = uniform()(random(1), [n], 'f64');
    const y = await elements((d: Tensor) => dropout(d.mul(0).add(1), d, rate), drawn);
    // Four standard errors of a fraction and of a mean of n samples.
    const error = 4 * Math.sqrt((rate * (1 - rate)) / n);
    expect(Math.abs(y.filter((v) => v === 0).length / n - rate)).toBeLessThan(error);
    expect(Math.abs(y.reduce((a, b) => a + b, 0) / n - 1)).toBeLessThan(error / (1 - rate));
  });

  it('takes noise that broadcasts, and of another float dtype', async () => {
    const x = f64([
      [1, 2],
      [3, 4],
    ]);
    const drop = (y: Tensor, drawn: Tensor): Tensor => dropout(y, drawn, 0.5);
    const expected = [
      [0, 4],
      [0, 8],
    ];
    expect(await run(drop, x, f64([0.1, 0.9]))).toEqual(expected);
    expect(await run(drop, x, array([[0.1, 0.9]]))).toEqual(expected);
  });

  it('has the gradient of central differences for x, and none for the noise', async () => {
    const drawn = uniform()(random(3), [3, 4], 'f64');
    await checkGradient(({ x, noise: d }: TensorsOf<Case>) => dropout(x, d, 0.4).sin().sum(), {
      x: noise([3, 4]),
      noise: drawn,
    });
  });

  it('lets nothing through from a dropped element that is not finite', async () => {
    const drop = (x: Tensor, drawn: Tensor): Tensor => dropout(x, drawn, 0.5);
    const [x, drawn] = [f64([NaN, Infinity, 1]), f64([0, 0, 0.5])];
    expect(await run(drop, x, drawn)).toEqual([0, 0, 2]);
    const gradient = (y: Tensor, d: Tensor): Tensor => valueAndGrad((z: Tensor) => drop(z, d).square().sum())(y).grad;
    expect(await run(gradient, x, drawn)).toEqual([0, 0, 8]);
  });

  it('refuses what does not fit', async () => {
    for (const rate of [-0.1, 1, NaN]) {
      const result = runHost((x: Tensor) => dropout(x, x, rate), f64([1]));
      await expect(result).rejects.toThrow(OptionError);
      await expect(result).rejects.toThrow(`dropout: rate is ${rate}; expected a number in [0, 1).`);
    }
    for (const shape of [[2, 3], [3, 3], [1, 2, 1], [2]]) {
      // Even at rate 0: the shapes of a network do not depend on it.
      for (const rate of [0, 0.5]) {
        const result = run((x: Tensor, drawn: Tensor) => dropout(x, drawn, rate), noise([2, 1]), noise(shape));
        await expect(result).rejects.toThrow(ShapeError);
        await expect(result).rejects.toThrow('dropout: ');
      }
    }
  });
});
