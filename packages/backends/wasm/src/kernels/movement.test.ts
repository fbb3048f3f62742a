import { random, type DType, type Shape } from '@node-ode/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectAsReference, randomArray, range, runKernel } from '../../test/run-kernel.ts';
import { anyDType, numericDType, seed, shapes } from '../../test/arbitraries.ts';

const dtypes: readonly DType[] = ['f32', 'f64', 'i32', 'bool'];

describe('concat', () => {
  it.each(dtypes)('joins along every axis: %s', async (dtype) => {
    for (const axis of [0, 1, 2]) {
      const shape = (extent: number): number[] => [2, 3, 5].with(axis, extent);
      const inputs = [1, 4, 0, 7].map((extent) => range(dtype, ...shape(extent)));
      await expectAsReference('concat', { axis }, inputs);
      await expectAsReference('concat', { axis }, inputs.slice(0, 1));
    }
  });

  it.each(dtypes)('makes a vector of scalars: %s', async (dtype) => {
    const rng = random(1);
    await expectAsReference(
      'concat',
      { axis: 0 },
      Array.from({ length: 37 }, () => randomArray(rng, dtype, [1])),
    );
  });

  it('copies long rows and many rows', async () => {
    const rng = random(2);
    for (const shape of [
      [3, 400],
      [700, 1],
      [5, 33, 3],
    ]) {
      for (const axis of shape.keys()) {
        const inputs = [shape, shape.with(axis, 1)].map((extents) => randomArray(rng, 'f32', extents));
        await expectAsReference('concat', { axis }, inputs);
      }
    }
  });

  it('joins nothing to nothing', async () => {
    await expectAsReference('concat', { axis: 1 }, [range('f32', 0, 2), range('f32', 0, 3)]);
    await expectAsReference('concat', { axis: 0 }, [range('f32', 0), range('f32', 0)]);
  });

  it('agrees with the reference engine on random shapes', async () => {
    const cases = shapes({ minRank: 1 }).chain((shape) =>
      fc.record({
        axis: fc.nat(shape.length - 1),
        extents: fc.array(fc.nat(6), { minLength: 1, maxLength: 5 }),
        shape: fc.constant(shape),
      }),
    );
    await fc.assert(
      fc.asyncProperty(cases, anyDType, seed, async ({ axis, extents, shape }, dtype, start) => {
        const rng = random(start);
        const inputs = extents.map((extent) => randomArray(rng, dtype, shape.with(axis, extent)));
        await expectAsReference('concat', { axis }, inputs);
      }),
      { numRuns: 150 },
    );
  });
});

describe('pad', () => {
  it('surrounds a matrix', () => {
    const params = { before: [1, 0], after: [0, 2], value: 9 };
    expect(runKernel('pad', params, [range('i32', 2, 2)]).data).toEqual(
      Int32Array.of(9, 9, 9, 9, 0, 1, 9, 9, 2, 3, 9, 9),
    );
  });

  it('pads booleans with true for any number but zero', async () => {
    for (const value of [0, 1, 5, -0.5]) {
      const padded = runKernel('pad', { before: [1], after: [1], value }, [range('bool', 2)]);
      expect([...padded.data]).toEqual([value === 0 ? 0 : 1, 0, 1, value === 0 ? 0 : 1]);
    }
    await expectAsReference('pad', { before: [1], after: [1], value: 1 }, [range('bool', 2)]);
  });

  it('pads scalars, empty tensors and long ones', async () => {
    await expectAsReference('pad', { before: [], after: [], value: 1 }, [range('f64')]);
    await expectAsReference('pad', { before: [1, 2], after: [3, 0], value: 1.5 }, [range('f32', 0, 3)]);
    await expectAsReference('pad', { before: [0, 0], after: [0, 0], value: 1.5 }, [range('f32', 0, 3)]);
    await expectAsReference('pad', { before: [400], after: [300], value: 0 }, [range('f32', 500)]);
    await expectAsReference('pad', { before: [3, 0, 1], after: [0, 0, 400], value: -0 }, [range('f64', 2, 3, 5)]);
    await expectAsReference('pad', { before: [0, 1, 1], after: [0, 1, 1], value: 0 }, [range('f32', 40, 6, 6)]);
  });

  it('agrees with the reference engine on random shapes', async () => {
    const cases = shapes({}).chain((shape) => {
      const widths = fc.tuple(...shape.map(() => fc.oneof(fc.constant(0), fc.nat(4))));
      return fc.record({ shape: fc.constant(shape), before: widths, after: widths });
    });
    await fc.assert(
      fc.asyncProperty(
        cases,
        numericDType,
        fc.constantFrom(0, -0, -1, 3),
        seed,
        async (padding, dtype, value, start) => {
          const { shape, before, after } = padding;
          await expectAsReference('pad', { before, after, value }, [randomArray(random(start), dtype, shape)]);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('iota', () => {
  const iota = (shape: Shape, axis: number, dtype: DType) => expectAsReference('iota', { shape, axis, dtype }, []);

  it.each(['f32', 'f64', 'i32'] as const)('counts vectors of any length: %s', async (dtype) => {
    for (const extent of [0, 1, 2, 3, 4, 5, 31, 32, 33, 36, 39, 301]) await iota([extent], 0, dtype);
  });

  it('counts past 2²⁴ in f32, each number rounded once', () => {
    const extent = 2 ** 24 + 40;
    const { data } = runKernel('iota', { shape: [extent], axis: 0, dtype: 'f32' }, []);
    const last = Array.from({ length: 40 }, (_, i) => Math.fround(extent - 40 + i));
    expect([...data.slice(-40)]).toEqual(last);
  });

  it('agrees with the reference engine on random shapes', async () => {
    const cases = shapes({ minRank: 1 }).chain((shape) => fc.tuple(fc.constant(shape), fc.nat(shape.length - 1)));
    await fc.assert(
      fc.asyncProperty(cases, numericDType, async ([shape, axis], dtype) => {
        await iota(shape, axis, dtype);
      }),
      { numRuns: 100 },
    );
  });
});
