import { array, random, type HostArray } from '@node-ode/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seed } from '../../test/arbitraries.ts';
import { expectAsReference, randomArray, runKernel } from '../../test/run-kernel.ts';

const small = fc.integer({ min: 1, max: 9 });

/** Numbers among which there are no special ones. */
function normals(seedOf: number, ...shape: readonly number[]): HostArray {
  const rng = random(seedOf);
  const count = shape.reduce((a, b) => a * b, 1);
  return array(
    Array.from({ length: count }, () => rng.normal()),
    { shape, dtype: 'f64' },
  );
}

describe('linearSolve', () => {
  it('is what the reference engine gives in f64, bit for bit', async () => {
    const cases = fc.record({
      n: small,
      m: small,
      batch: fc.constantFrom([], [3], [2, 2]),
      transposeA: fc.boolean(),
      seed,
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ n, m, batch, transposeA, seed: drawn }) => {
        const [a, b] = [normals(drawn, ...batch, n, n), normals(drawn + 1, n, m)];
        await expectAsReference('linearSolve', { transposeA }, [a, b]);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it('has NaN where a pivot is zero or not finite, and nowhere else', async () => {
    const rng = random(3);
    for (let turn = 0; turn < 40; turn++) {
      const a = randomArray(rng, 'f64', [4, 3, 3]);
      await expectAsReference('linearSolve', { transposeA: turn % 2 === 0 }, [a, randomArray(rng, 'f64', [3, 2])]);
    }
  });

  it('pivots in f32', () => {
    const a = array([1e-8, 1, 1, 1], { shape: [2, 2] });
    const { data } = runKernel('linearSolve', { transposeA: false }, [a, array([1, 2], { shape: [2, 1] })]);
    expect([...data]).toEqual([1, 1]);
  });
});
