import { array, random, sizeOf, type DType, type HostArray } from '@node-ode/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countUp, get, i32, op } from '../encoder/code.ts';
import { kernels } from './index.ts';
import { anyDType, numericDType, seed, shapes } from '../../test/arbitraries.ts';
import {
  expectAsReference,
  randomArray,
  randomIndices,
  range,
  runCode,
  runKernel,
  smallIntegers,
} from '../../test/run-kernel.ts';

const dtypes: readonly DType[] = ['f32', 'f64', 'i32', 'bool'];
const indices = (...values: number[]): HostArray => array(values, { dtype: 'i32' });
const scalar = (value: number): HostArray => array(value, { dtype: 'i32' });

/** Just outside, and far enough that an address would wrap around. */
const outside = (extent: number): readonly number[] => [-1, extent, 2 ** 30, -(2 ** 31), 2 ** 31 - 1];

/** What stands for an answer that there is not. */
const none = (dtype: DType): number => (dtype === 'f32' || dtype === 'f64' ? NaN : 0);

describe('gather', () => {
  it.each(dtypes)('takes rows and elements along every axis: %s', async (dtype) => {
    const x = randomArray(random(3), dtype, [4, 3, 5]);
    for (const axis of [0, 1, 2]) {
      await expectAsReference('gather', { axis }, [x, scalar(2)]);
      await expectAsReference('gather', { axis }, [x, indices(2, 0, 1, 2, 2, 0, 1, 1, 0)]);
      await expectAsReference('gather', { axis }, [x, array([[0, 1], [2, 0], [1, 1]], { dtype: 'i32' })]); // prettier-ignore
    }
  });

  it('takes long rows', async () => {
    const rng = random(4);
    await expectAsReference('gather', { axis: 0 }, [randomArray(rng, 'f32', [30, 301]), randomIndices(rng, [50], 30)]);
    await expectAsReference('gather', { axis: 1 }, [randomArray(rng, 'f64', [20, 30]), randomIndices(rng, [500], 30)]);
  });

  it.each(dtypes)('gives no element where an index is outside: %s', (dtype) => {
    for (const inner of [1, 3, 50]) {
      const x = array(range(dtype, 3, inner).data.fill(1), { shape: [3, inner], dtype });
      for (const index of outside(3)) {
        const { data } = runKernel('gather', { axis: 0 }, [x, indices(2, index, 0)]);
        const expected = [1, none(dtype), 1].flatMap((value) => Array.from({ length: inner }, () => value));
        expect([...data], `${index}`).toEqual(expected);
      }
    }
  });

  it('takes nothing, or nothing from nothing', async () => {
    await expectAsReference('gather', { axis: 0 }, [range('f32', 3, 2), indices()]);
    await expectAsReference('gather', { axis: 0 }, [range('f32', 0, 2), indices()]);
    expect(runKernel('gather', { axis: 0 }, [range('f32', 0, 2), indices(0)]).data).toEqual(Float32Array.of(NaN, NaN));
    expect(runKernel('gather', { axis: 0 }, [range('f32', 2, 0), indices(7)]).shape).toEqual([1, 0]);
  });

  it('agrees with the reference engine on random shapes', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes({ minRank: 1 }),
        shapes({ maxRank: 2 }),
        anyDType,
        seed,
        async (shape, many, dtype, start) => {
          const rng = random(start);
          const axis = rng.integer(shape.length);
          fc.pre(shape[axis]! > 0 && sizeOf(shape) * sizeOf(many) <= 20_000);
          await expectAsReference('gather', { axis }, [
            randomArray(rng, dtype, shape),
            randomIndices(rng, many, shape[axis]!),
          ]);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('scatterAdd', () => {
  it('adds up what meets at an index', () => {
    const updates = array([[1, 2], [3, 4], [5, 6]]); // prettier-ignore
    expect(runKernel('scatterAdd', { axis: 0, size: 4 }, [updates, indices(2, 0, 2)]).data).toEqual(
      Float32Array.of(3, 4, 0, 0, 6, 8, 0, 0),
    );
  });

  it('wraps i32', () => {
    const updates = indices(2 ** 31 - 1, 1, 5);
    expect(runKernel('scatterAdd', { axis: 0, size: 1 }, [updates, indices(0, 0, 0)]).data).toEqual(
      Int32Array.of(-(2 ** 31) + 5),
    );
  });

  it.each(['f32', 'f64', 'i32'] as const)('gives no number at all if an index is outside: %s', (dtype) => {
    for (const inner of [1, 7, 300]) {
      for (const index of outside(3)) {
        const result = runKernel('scatterAdd', { axis: 0, size: 3 }, [range(dtype, 2, inner), indices(1, index)]);
        expect(
          result.data.every((x) => Object.is(x, none(dtype))),
          `${index}`,
        ).toBe(true);
      }
    }
  });

  it('forgets an index that was outside when it runs again', () => {
    const [bad, good] = [indices(0, 9), indices(0, 1)];
    const result = runCode(
      (f, [updates, first, second], output) => {
        const turn = f.local('i32');
        countUp(f, turn, { start: i32(0), end: i32(2), step: 1 }, () => {
          const address = op('select', second!.address, first!.address, get(turn));
          kernels.scatterAdd(f, { axis: 0, size: 2 }, [updates!, { ...first!, address }], output, i32(0));
        });
      },
      [array([5, 6]), bad, good],
      { shape: [2], dtype: 'f32' },
    );
    expect(result.data).toEqual(Float32Array.of(5, 6));
  });

  it('adds nothing to zeros', async () => {
    await expectAsReference('scatterAdd', { axis: 0, size: 3 }, [range('f32', 0, 2), indices()]);
    await expectAsReference('scatterAdd', { axis: 0, size: 0 }, [range('f32', 0, 2), indices()]);
    await expectAsReference('scatterAdd', { axis: 1, size: 2 }, [range('f64', 3, 0), indices()]);
  });

  it('agrees with the reference engine on random shapes', async () => {
    const cases = fc.record({
      outer: shapes({ maxRank: 2 }),
      many: shapes({ maxRank: 2 }),
      inner: shapes({ maxRank: 2 }),
      size: fc.integer({ min: 1, max: 9 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, numericDType, seed, async ({ outer, many, inner, size }, dtype, start) => {
        const shape = [...outer, ...many, ...inner];
        fc.pre(sizeOf(shape) <= 8000);
        const rng = random(start);
        await expectAsReference('scatterAdd', { axis: outer.length, size }, [
          smallIntegers(rng, dtype, shape),
          randomIndices(rng, many, size),
        ]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('setRow', () => {
  it.each(dtypes)('replaces one row in place: %s', async (dtype) => {
    const rng = random(5);
    for (const row of [[], [1], [2], [3], [5], [3, 11], [300]]) {
      const buffer = randomArray(rng, dtype, [4, ...row]);
      for (const at of [0, 2, 3])
        await expectAsReference('setRow', {}, [buffer, scalar(at), randomArray(rng, dtype, row)]);
    }
  });

  it.each(dtypes)('leaves no number at all if the index is outside: %s', (dtype) => {
    for (const inner of [1, 3, 300]) {
      for (const index of outside(4)) {
        const { data } = runKernel('setRow', {}, [range(dtype, 4, inner), scalar(index), range(dtype, inner)]);
        expect(
          data.every((x) => Object.is(x, none(dtype))),
          `${index}`,
        ).toBe(true);
      }
    }
  });

  it('touches nothing of an empty buffer', () => {
    expect(runKernel('setRow', {}, [range('f32', 0, 3), scalar(0), range('f32', 3)]).shape).toEqual([0, 3]);
    expect(runKernel('setRow', {}, [range('f32', 3, 0), scalar(9), range('f32', 0)]).shape).toEqual([3, 0]);
  });
});
