import { array, random } from '@node-ode/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numericDType, seed, shapes } from '../../test/arbitraries.ts';
import { expectAsReference, randomArray, range, runKernel } from '../../test/run-kernel.ts';

describe('cumsum', () => {
  it.each(['f32', 'f64', 'i32'] as const)('sums along every axis, both ways: %s', async (dtype) => {
    const rng = random(6);
    for (const shape of [[1], [7], [300], [4, 3, 5], [50, 9], [9, 50]]) {
      const x = randomArray(rng, dtype, shape);
      for (const axis of shape.keys()) {
        await expectAsReference('cumsum', { axis, reverse: false }, [x]);
        await expectAsReference('cumsum', { axis, reverse: true }, [x]);
      }
    }
  });

  it('accumulates f32 in double precision', () => {
    // One by one in f32, 2²⁴ + 1 + 1 + … never leaves 2²⁴.
    const data = new Float32Array(1001).fill(1);
    data[0] = 2 ** 24;
    for (const shape of [
      [1001, 1],
      [1, 1001, 1],
    ]) {
      const sums = runKernel('cumsum', { axis: shape.indexOf(1001), reverse: false }, [array(data, { shape })]);
      expect(sums.data.at(-1)).toBe(2 ** 24 + 1000);
    }
    const columns = new Float32Array(3003).map((_, i) => (i < 3 ? 2 ** 24 : 1));
    const sums = runKernel('cumsum', { axis: 0, reverse: false }, [array(columns, { shape: [1001, 3] })]);
    expect([...sums.data.slice(-3)]).toEqual([2 ** 24 + 1000, 2 ** 24 + 1000, 2 ** 24 + 1000]);
  });

  it('sums nothing', async () => {
    await expectAsReference('cumsum', { axis: 0, reverse: true }, [range('f32', 0, 3)]);
    await expectAsReference('cumsum', { axis: 0, reverse: false }, [range('f32', 3, 0)]);
  });

  it('agrees with the reference engine on random shapes', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes({ minRank: 1 }),
        numericDType,
        fc.boolean(),
        seed,
        async (shape, dtype, reverse, start) => {
          const rng = random(start);
          const axis = rng.integer(shape.length);
          await expectAsReference('cumsum', { axis, reverse }, [randomArray(rng, dtype, shape)]);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('argMax', () => {
  it.each(['f32', 'f64'] as const)('takes the first of equals, and a NaN for the largest: %s', (dtype) => {
    const rows: readonly (readonly [readonly number[], number])[] = [
      [[3], 0],
      [[1, 3, 3], 1],
      [[0, -0, 0], 0],
      [[-Infinity, -Infinity], 0],
      [[1, NaN, Infinity, NaN], 1],
      [[NaN, 1, NaN, 9], 0],
      [[-5, -4, -3, -2, -1, -2, -1], 4],
    ];
    for (const [row, index] of rows) {
      expect(runKernel('argMax', { axis: 0 }, [array(row, { dtype })]).data, `${row}`).toEqual(Int32Array.of(index));
    }
  });

  it('compares i32 with their sign', () => {
    const x = array([-1, -(2 ** 31), 2 ** 31 - 1, 2 ** 31 - 1], { dtype: 'i32' });
    expect(runKernel('argMax', { axis: 0 }, [x]).data).toEqual(Int32Array.of(2));
  });

  it('agrees with the reference engine on random shapes', async () => {
    await fc.assert(
      fc.asyncProperty(shapes({ minRank: 1 }), numericDType, seed, async (shape, dtype, start) => {
        const rng = random(start);
        const axis = rng.integer(shape.length);
        fc.pre(shape[axis]! > 0);
        await expectAsReference('argMax', { axis }, [randomArray(rng, dtype, shape)]);
      }),
      { numRuns: 150 },
    );
  });
});
