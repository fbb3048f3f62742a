/** Matrix products against the reference engine: transposes, batches, no rows, no columns, no terms. */
import { array } from '@node-ode/core';
import { describe, expect, it } from 'vitest';
import { arraysOf, operatorsOf } from '../../test/arrays.ts';
import { apply, expectReference, singleNode } from '../../test/single-node.ts';
import { emitModel } from './emit-model.ts';

const make = arraysOf(14);
const flags = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
] as const;

describe.each(['f32', 'f64'] as const)('of %s', (dtype) => {
  const product = async (
    [m, k, n]: readonly [number, number, number],
    left: readonly number[] = [],
    right: readonly number[] = [],
  ): Promise<void> => {
    for (const [transposeA, transposeB] of flags) {
      const a = make([...left, ...(transposeA ? [k, m] : [m, k])], dtype);
      const b = make([...right, ...(transposeB ? [n, k] : [k, n])], dtype);
      // Up to 65 products of numbers below 9 are summed.
      await expectReference('matmul', { transposeA, transposeB }, [a, b], { slack: 60 });
    }
  };

  it.each([[[1, 1, 1]], [[2, 3, 4]], [[17, 9, 5]], [[33, 65, 18]], [[0, 3, 2]], [[2, 0, 3]], [[2, 3, 0]]] as const)(
    'matrices of sizes %j',
    (sizes) => product(sizes),
  );

  it.each([
    [[3], [3]],
    [[3], []],
    [[], [2]],
    [
      [2, 1],
      [1, 3],
    ],
    [[0], [1]],
  ])('batches %j times %j', (left, right) => product([2, 3, 4], left, right));

  it('keeps what is not finite in its row and column', async () => {
    const a = array([1, Infinity, 2, 3], { shape: [2, 2], dtype });
    const b = array([0, 1, 0, 1], { shape: [2, 2], dtype });
    const { data } = await apply('matmul', { transposeA: false, transposeB: false }, [a, b]);
    expect(Array.from(data)).toEqual([NaN, Infinity, 0, 5]);
  });
});

it('transposes matrices in the product itself', () => {
  const { graph } = singleNode('matmul', { transposeA: true, transposeB: true }, [
    make([3, 2], 'f32'),
    make([4, 3], 'f32'),
  ]);
  expect(operatorsOf(emitModel(graph, { provider: 'cpu' }).graph.nodes)).toEqual(['Gemm']);
});
