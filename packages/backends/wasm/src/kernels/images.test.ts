import { random, type PrimitiveParams } from '@node-ode/core';
import { describe, it } from 'vitest';
import { expectAsReference, randomArray, runKernel, smallIntegers } from '../../test/run-kernel.ts';

type Pooling = PrimitiveParams['avgPool2d'];

const pooling = (window: Pooling['window'], options: Partial<Pooling> = {}): Pooling => ({
  window,
  strides: window,
  padBefore: [0, 0],
  padAfter: [0, 0],
  dilations: [1, 1],
  countIncludePad: true,
  ...options,
});

/** Windows side by side, over each other, apart, spread, with padding, of all of an image; the last ones leave columns out. */
const windows: readonly Pooling[] = [
  pooling([2, 2]),
  pooling([3, 3], { strides: [1, 1], padBefore: [1, 1], padAfter: [1, 1] }),
  pooling([3, 2], { strides: [2, 3], padBefore: [2, 0], padAfter: [0, 1] }),
  pooling([2, 2], { strides: [1, 2], dilations: [2, 3] }),
  pooling([9, 11]),
  pooling([1, 1], { strides: [3, 3] }),
  pooling([8, 10], { strides: [1, 1], padAfter: [3, 3] }),
];

const image = [2, 3, 9, 11];

/** Small numbers of windows that sums are exact for. */
const exact = (window: Pooling): boolean => [1, 2, 4].includes(window.window[0] * window.window[1]);

describe.each(['f32', 'f64'] as const)('pooling in %s, bit for bit', (dtype) => {
  it.each(windows)('the largest element, whatever it is: %o', async (window) => {
    await expectAsReference('maxPool2d', window, [randomArray(random(1), dtype, image)]);
  });

  it.each(windows)('its gradient, between ties too: %o', async (window) => {
    const x = smallIntegers(random(2), dtype, image);
    for (let i = 0; i < x.data.length; i++) x.data[i] = Math.round(x.data[i]! / 50);
    const y = runKernel('maxPool2d', window, [x]);
    // Cotangents that each number of ties divides without rounding.
    const ct = { ...y, data: y.data.map((_, i) => 2520 * (1 + (i % 3))) };
    if (window.window[0] * window.window[1] <= 10) await expectAsReference('maxPool2dGrad', window, [x, y, ct]);
    const special = randomArray(random(4), dtype, image);
    await expectAsReference('maxPool2dGrad', window, [special, runKernel('maxPool2d', window, [special]), ct]);
  });

  it.each(windows.filter(exact))('the mean, and its gradient: %o', async (window) => {
    const x = smallIntegers(random(3), dtype, image);
    for (const countIncludePad of [true, false]) {
      const params = { ...window, countIncludePad };
      await expectAsReference('avgPool2d', params, [x]);
      const ct = runKernel('avgPool2d', params, [x]);
      await expectAsReference('avgPool2dGrad', { ...params, size: [9, 11] }, [ct]);
    }
  });
});
