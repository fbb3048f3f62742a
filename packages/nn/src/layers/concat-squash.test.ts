import { OptionError, random, ShapeError, type HostArray, type Tensor, type TensorsOf } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { checkGradient, elements, expectClose, f64, noise, run } from '../../test/harness.ts';
import { affine, rowsOf, sigmoid } from '../../test/plain.ts';
import { full, zeros } from '../initializers/initializer.ts';
import { concatSquash, type ConcatSquashParams } from './concat-squash.ts';

const layer = concatSquash(3, 2, { dtype: 'f64' });
const params = layer.init(random(2));
type P = TensorsOf<ConcatSquashParams>;
const apply = (p: P, t: Tensor, x: Tensor): Tensor => layer.apply(p, t, x);

/** FFJORD's `ConcatSquashLinear` of one sample: the maps of time have one input. */
function squash({ linear, gate, shift }: ConcatSquashParams, t: number, x: readonly number[]): number[] {
  const [open, moved] = [affine(gate, [t]), affine(shift, [t])];
  return affine(linear, x).map((y, i) => y * sigmoid(open[i]!) + moved[i]!);
}

interface Case {
  readonly params: ConcatSquashParams;
  readonly t: HostArray;
  readonly x: HostArray;
}

describe('concatSquash', () => {
  it('is (x·W + b) ⊙ σ(t·w_g + b_g) + t·w_s', async () => {
    const x = noise([4, 3], 1);
    expectClose(
      await elements(apply, params, f64(0.7), x),
      rowsOf(x).flatMap((row) => squash(params, 0.7, row)),
      1e-14,
    );
  });

  it('takes a time for each sample, a vector, and a JavaScript number', async () => {
    const [t, x] = [noise([4], 1), noise([4, 3], 2)];
    const expected = rowsOf(x).map((row, i) => squash(params, t.data[i]!, row));
    expectClose(await elements(apply, params, t, x), expected.flat(), 1e-14);
    const atTwo = await elements((p: P, y: Tensor) => layer.apply(p, 2, y), params, f64([1, 2, 3]));
    expectClose(atTwo, squash(params, 2, [1, 2, 3]), 1e-14);
  });

  it("starts as PyTorch's linear layers: ±1/√3 for the input, ±1 for time, whose shift has no bias", () => {
    const { linear, gate, shift } = concatSquash(3, 400).init(random(0));
    expect([linear.weight.shape, linear.bias?.shape]).toEqual([[3, 400], [400]]);
    expect([gate.weight.shape, gate.bias?.shape]).toEqual([[1, 400], [400]]);
    expect([shift.weight.shape, Object.keys(shift)]).toEqual([[1, 400], ['weight']]);
    const bounds = [
      [linear.weight, 1 / Math.sqrt(3)],
      [linear.bias!, 1 / Math.sqrt(3)],
      [gate.weight, 1],
      [gate.bias!, 1],
      [shift.weight, 1],
    ] as const;
    for (const [{ data }, bound] of bounds) {
      const largest = Math.max(...data.map(Math.abs));
      expect(largest).toBeLessThanOrEqual(Math.fround(bound));
      expect(largest).toBeGreaterThan(0.97 * bound);
    }
  });

  it('passes its options to all three maps; `bias` to that of the input', async () => {
    const own = concatSquash(3, 2, { weightInit: zeros(), biasInit: full(1), bias: false, dtype: 'f64' });
    const fresh = own.init(random(0));
    expect([Object.keys(fresh.linear), Array.from(fresh.gate.bias!.data)]).toEqual([['weight'], [1, 1]]);
    expect(await run((p: P, x: Tensor) => own.apply(p, 3, x), fresh, f64([1, 2, 3]))).toEqual([0, 0]);
  });

  it.each([[[]], [[4]]])('has the gradient of central differences for t %j, t included', async (shape) => {
    await checkGradient(({ params: p, t, x }: TensorsOf<Case>) => layer.apply(p, t, x).tanh().square().sum(), {
      params,
      t: noise(shape, 3),
      x: noise([4, 3], 4),
    });
  });

  it('refuses what does not fit', async () => {
    expect(() => concatSquash(0, 2)).toThrow(OptionError);
    expect(() => concatSquash(2, 1.5)).toThrow('concatSquash: outFeatures is 1.5; expected an integer of at least 1.');
    const result = run(apply, params, noise([3]), noise([4, 3]));
    await expect(result).rejects.toThrow(ShapeError);
    await expect(result).rejects.toThrow(
      'concatSquash: t is f64[3] and x is f64[4,3]; expected a scalar t, or one of the shape of leading axes of x, up to [4].',
    );
    await expect(run(apply, params, f64(0), noise([4, 2]))).rejects.toThrow(
      'concatSquash: an input f64[4,2]; expected a last axis of 3.',
    );
  });
});
