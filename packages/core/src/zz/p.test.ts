import { expect, it } from 'vitest';
import type { Tensor } from '../index.ts';
import { evaluate, expectGradient, f64 } from '../../test/support.ts';
it('x', async () => {
  expect(await evaluate((x: Tensor) => x.add(1), f64([1, 2]))).toEqual([2, 3]);
  await expectGradient((x, y) => x!.mul(y!).sin(), [f64([1, 2]), f64([[3], [1]])]);
});
